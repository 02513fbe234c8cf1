"""Writing a trace so that a killed process loses nothing acknowledged. Start at `log`."""
