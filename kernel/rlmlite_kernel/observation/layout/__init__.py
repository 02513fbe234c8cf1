"""How values are laid out as text in observations: cells, numbered lines, rows, whole texts. Start at `rows`."""
