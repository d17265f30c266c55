"""Reference turns of a clip, read from and written to the label formats of the field."""
