"""Commands by which a trace is passed on: their options."""
