"""The client: a stream of sound to an endpoint, and the events that come back."""
