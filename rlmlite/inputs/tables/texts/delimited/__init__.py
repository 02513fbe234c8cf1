"""CSV and TSV. Start at `csv_files.read_csv`, which opens a file (see `reader.TableReader`).

Below it: the dialect (`csv_dialect`, `csv_quotes`), rows (`csv_rows`, `csv_table`), types of columns (`csv_types`,
`csv_numbers`, `csv_dates`) and cells (`csv_cells`). `fast_csv` and `arrow_cells` read large files to the same.
"""
