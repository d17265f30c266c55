"""Formats in which a recording is saved and exported: the list is in ``formats.py``."""
