"""A recording as a file: the bundle, and the formats of others."""
