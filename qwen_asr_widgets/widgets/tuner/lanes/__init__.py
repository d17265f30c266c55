"""What the tuner shows under its own lanes: the clip heard otherwise, and the other speaker of a call."""
