"""Running the service for other people: who has access, and metrics."""
