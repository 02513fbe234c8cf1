"""Commands that say what a trace says, without running anything of it."""
