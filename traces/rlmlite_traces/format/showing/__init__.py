"""How outcomes, sessions and traces show themselves: texts made harmless, in one line, and as a table in a notebook."""
