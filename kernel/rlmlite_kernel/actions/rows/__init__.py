"""Actions on rows: where, map, sort, group, join, and the folds over columns."""
