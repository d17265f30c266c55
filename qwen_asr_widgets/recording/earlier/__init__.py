"""Recordings of earlier runs: opened, taken up again, and as they were at any moment."""
