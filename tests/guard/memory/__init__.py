"""Attacks on memory: programs that use it up, and processes that die of it."""
