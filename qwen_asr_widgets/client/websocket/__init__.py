"""One WebSocket connection: opened, written, kept alive, and its failures told in words."""
