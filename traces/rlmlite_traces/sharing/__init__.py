"""Passing a trace on: `packing` it into one file and unpacking one, and `signing` it."""
