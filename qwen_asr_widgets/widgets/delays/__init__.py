"""The waits of a run taken apart, and its utterances as flip-books: a panel of the views that show a run."""
