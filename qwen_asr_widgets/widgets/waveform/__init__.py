"""The Waveform widget."""
