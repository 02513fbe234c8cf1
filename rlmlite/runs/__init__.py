"""A run: begun over inputs, driven turn by turn, kept as receipts. Start at `run`; `execute` runs one program."""
