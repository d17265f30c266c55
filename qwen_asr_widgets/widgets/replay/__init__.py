"""See a recording again as it was seen while it was made."""
