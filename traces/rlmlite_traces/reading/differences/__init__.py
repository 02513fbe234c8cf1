"""Two traces side by side: start at `compare`."""
