"""Signs, quotes and words of other languages, spelled as the grammar reads them, before it does. See `respelling`."""
