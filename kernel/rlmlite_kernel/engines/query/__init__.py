"""Queries: from literals, word lists, globs and regular expressions to one compiled matcher."""
