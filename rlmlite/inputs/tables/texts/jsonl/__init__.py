"""JSON Lines. Start at `jsonl_files.read_jsonl`, which opens a file (see `reader.TableReader`).

`json_rows` makes values of lines. `fast_jsonl` and `arrow_lines` read large files to the same.
"""
