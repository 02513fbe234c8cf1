"""What each command does. What it takes and says of itself is declared beside `cli.main`."""
