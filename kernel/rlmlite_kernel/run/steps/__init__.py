"""One step: what it starts from (the state of the run, its variables), what it will cost, and running it."""
