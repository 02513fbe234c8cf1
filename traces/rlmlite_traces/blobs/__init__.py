"""Where contents live: in the user's own files (`stores.py`) or in a shared store (`directory/`)."""
