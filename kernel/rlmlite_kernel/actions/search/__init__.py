"""Actions that find: search and what narrows, counts, ranks or surrounds its hits."""
