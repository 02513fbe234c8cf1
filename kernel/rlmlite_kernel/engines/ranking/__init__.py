"""BM25 over an index of words, built once for a content and cached."""
