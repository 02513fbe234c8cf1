"""One step of a trace by itself: a file that says all that its record rests on, and the check of such a file."""
