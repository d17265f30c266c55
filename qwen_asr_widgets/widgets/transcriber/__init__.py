"""The Transcriber widget."""
