"""The `.qasr` bundle: everything that a recording consists of, in one file."""
