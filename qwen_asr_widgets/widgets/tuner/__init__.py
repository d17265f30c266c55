"""The VadTuner widget."""
