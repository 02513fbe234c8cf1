"""Commands that check a trace: that it is unaltered, and that the kernel did what it says."""
