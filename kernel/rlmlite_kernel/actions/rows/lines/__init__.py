"""Actions on rows that are lines of large texts: a pass over the blocks, and nothing is held but what comes of it."""
