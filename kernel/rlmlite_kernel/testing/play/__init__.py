"""Runs in memory: a turn from its program to its records, and simulators of what it calls."""
