"""Cutting text into chunks, lines, paragraphs, records and the symbols of source code."""
