"""One turn of a run: `machine` has begin, advance and resume, and everything else serves it."""
