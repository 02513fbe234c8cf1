"""Bytes and positions in them: buffers, UTF-8, line marks, windows over threads."""
