"""Habits of other languages: what they look like and what they mean. `table` lists them, `rewriting` reads them."""
