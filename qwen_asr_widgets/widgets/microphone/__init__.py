"""The Microphone widget."""
