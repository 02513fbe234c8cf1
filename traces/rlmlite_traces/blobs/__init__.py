"""Stores of contents: one over files and one over a directory."""
