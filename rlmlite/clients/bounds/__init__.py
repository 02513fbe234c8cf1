"""What bounds the calls of a run and of all runs nested in it: time, how many at once, and what they may cost."""
