"""A trace as one file, with the inputs if asked: `pack` writes it, `unpack` makes the folder again."""
