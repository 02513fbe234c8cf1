"""Traces among others: lists of them, and the names that people give them."""
