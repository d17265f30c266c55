"""What recognisers make of the context of a session: a language model, or terms put into finals by sound."""
