"""The waits of a recording taken apart: what each part of a wait took, and when words stopped changing."""
