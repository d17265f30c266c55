"""What client and service said to each other, event by event."""
