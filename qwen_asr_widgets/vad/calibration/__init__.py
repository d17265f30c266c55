"""A fit of our speech scores to a service that does not publish its own."""
