"""Files that hold tables, and how a test reads one."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from rlmlite.inputs import from_path, from_value
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs

ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": 'Ann "A" Lee', "score": 1.5, "ok": True, "note": "two\nlines\tand tab"},
    {"id": 2, "name": "Bob", "score": 2, "ok": False, "note": None},
    {"id": 12345678901234567890123, "name": "é😀", "score": -0.25, "ok": None, "note": "x"},
]


def load_table(path: object, blobs: FileBlobs | None = None) -> tuple[Input, list[dict[str, Any]]]:
    """An input, and its rows as JSON."""
    store = blobs or FileBlobs()
    found = from_path(str(path), store) if isinstance(path, str | Path) else from_value(path, store)
    return found, to_json(found.value, store)


def load_rows(path: object) -> list[dict[str, Any]]:
    return load_table(path)[1]


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def database(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER, name TEXT, raw BLOB, x REAL)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(1, "a=b&c?", b"\0\1", 0.5), (2, None, None, 9e999)])
    connection.commit()
    connection.close()
    return path
