"""One turn of a run. Start at `machine`: begin, advance, resume and seal; everything else serves it."""
