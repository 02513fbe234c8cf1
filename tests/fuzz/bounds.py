"""What one example may take."""

PARSER_SECONDS = 10
"""Processor time that a parser in a worker is given; four times as long is waited for it."""

SECONDS = 60
"""The longest that an example may take, on a busy machine."""

MEMORY = 2 * 1024**3
"""Bytes that the process may grow to."""
