"""Sheets: rows and cells as spans of one canonical content, and comparing spans in bulk."""
