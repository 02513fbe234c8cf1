"""Tables in text: CSV, TSV and JSON Lines, from bytes to typed cells, and what is said of odd rows and cells.

`csv_files.read_csv` and `jsonl_files.read_jsonl` open a file (see `reader.TableReader`). Below them: lines with their
places in the file (`lines`), rows cut from lines (`csv_rows`), the dialect (`csv_dialect`, `csv_quotes`), types of
columns (`csv_types`, `csv_numbers`, `csv_dates`), and the notes on what is odd (`odd`).
"""
