"""What one example may take."""

SECONDS = 20
"""The longest that an example may take, on a busy machine."""

MEMORY = 2 * 1024**3
"""Bytes that the process may grow to."""
