"""The ClipRecorder widget."""
