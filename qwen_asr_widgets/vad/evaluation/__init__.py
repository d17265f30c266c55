"""How good turns are against a reference: figures, errors, and what would heal each."""
