"""Nested runs: their traces below their parent's, found, checked once each, and bound to what the parent recorded."""
