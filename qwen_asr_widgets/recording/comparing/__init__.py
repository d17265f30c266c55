"""Recordings of one sound side by side: settings, words, waits."""
