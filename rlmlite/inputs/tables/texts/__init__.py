"""Tables in text: CSV, TSV and JSON Lines, from bytes to typed cells, and what is said of odd rows and cells.

`delimited` reads CSV and TSV, `jsonl` JSON Lines. Here is what both need: lines with their places in the text
(`lines`), pieces for threads (`pieces`), and the notes on what is odd (`odd`).
"""
