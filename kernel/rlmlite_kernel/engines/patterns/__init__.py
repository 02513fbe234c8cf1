"""Mining the line templates of a log: mask, group by shape, merge."""
