"""Sessions: one open trace over many questions and programs (`session`), opened again, and added to."""
