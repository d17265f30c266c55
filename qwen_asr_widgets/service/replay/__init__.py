"""Sessions answered from a recording: what was said then, at the same places of the sound."""
