"""The parts of a story: what they are (`chapters`), and how each is read from records and contents."""
