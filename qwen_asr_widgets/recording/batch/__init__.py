"""Many sounds transcribed in one go: what is to be done, by whom, where it is kept, and what came of it."""
