"""Many settings on many clips, and the choice among them."""
