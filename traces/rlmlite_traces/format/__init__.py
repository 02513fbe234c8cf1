"""Records on disk: their lines, their chain, and what makes a trace whole. Start at `verify`."""
