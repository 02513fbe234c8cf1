"""Rows over the lines of large texts, which hold nothing but which lines they are."""
