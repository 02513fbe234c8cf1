"""What each command does. What it takes and says of itself is in `signatures`."""
