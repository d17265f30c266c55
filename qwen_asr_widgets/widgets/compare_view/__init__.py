"""Runs of one sound side by side."""
