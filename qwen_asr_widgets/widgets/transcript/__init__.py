"""The TranscriptView widget."""
