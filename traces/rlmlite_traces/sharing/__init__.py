"""Passing a trace on: packing it into one file, with the inputs if asked, and unpacking one that somebody sent."""
