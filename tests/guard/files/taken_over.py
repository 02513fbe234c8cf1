"""Parsers that a file has taken over: they answer what the real ones never would."""

import os
from collections.abc import Iterator
from typing import Any

from rlmlite.guard.worker.child import Assignment
from rlmlite.inputs.parsers.archives import Broken, End, Head
from rlmlite.inputs.parsers.documents import Declared, Unreadable
from rlmlite.inputs.tables.binary.table_job import Lost, Opened, Refused
from rlmlite_kernel.values.tables.parts import of_values
from rlmlite_kernel.values.tables.writer import Batch, columnar_blocks

HEADER = b"a\x1fb\x1e\n"
ROWS = [
    b'1\x1f"a"\x1e\n',
    b"null\x1ftr",
    b"ue\x1e",
    b"\n",
    b'-0.5\x1f[1,2]\x1e\n2e+30\x1f""\x1e\n{}\x1f1.5e-7\x1e\n',
]
OPENED = Opened(("a", "b"), "1.0")


def whole_columns(names: tuple[str, ...] = ("a", "b"), text: str = "") -> bytes:
    """A columnar content of one row."""
    cells = [of_values([1]) for _ in names]
    return b"".join(columnar_blocks(names, [Batch(cells, 1, of_values([0]), of_values([1]))], text, 1))


COLUMNS: dict[str, list[Any]] = {
    "nothing": [OPENED, Lost({})],
    "no end": [OPENED, whole_columns()],
    "other names": [OPENED, whole_columns(("a", "c")), Lost({})],
    "a column more": [OPENED, whole_columns(("a", "b", "c")), Lost({})],
    "places in a text": [OPENED, whole_columns(text="0" * 64), Lost({})],
    "half of it": [OPENED, whole_columns()[:-40], Lost({})],
    "twice": [OPENED, whole_columns(), whole_columns()[:-40], Lost({})],
    "more after the end": [OPENED, whole_columns(), Lost({}), b"x"],
}
"""What a reader of tables sends as columns."""

TABLES: dict[str, list[Any]] = {
    "nothing": [],
    "no message first": [HEADER, OPENED],
    "other columns": [OPENED, b"a\x1fc\x1e\n", Lost({})],
    "half of the columns": [OPENED, b"a\x1f", Lost({})],
    "no columns": [OPENED, Lost({})],
    "no end": [OPENED, HEADER],
    "two ends": [OPENED, HEADER, Lost({}), Lost({})],
    "rows after the end": [OPENED, HEADER, Lost({}), b"1\x1f2\x1e\n"],
    "a cell too few": [OPENED, HEADER, b"1\x1e\n", Lost({})],
    "a cell too many": [OPENED, HEADER, b"1\x1f2\x1f3\x1e\n", Lost({})],
    "widths that balance": [OPENED, HEADER, b"1\x1f2\x1f3\x1e\n1\x1e\n", Lost({})],
    "a row without end": [OPENED, HEADER, b"1\x1f2", Lost({})],
    "half of an end": [OPENED, HEADER, b"1\x1f2\x1e", Lost({})],
    "an empty cell": [OPENED, HEADER, b"\x1f2\x1e\n", Lost({})],
    "no form": [OPENED, HEADER, b"hello\x1f2\x1e\n", Lost({})],
    "an open quote": [OPENED, HEADER, b'"\x1f2\x1e\n', Lost({})],
    "a quote that goes on": [OPENED, HEADER, b'"a"b\x1f2\x1e\n', Lost({})],
    "two numbers": [OPENED, HEADER, b"1-2\x1f2\x1e\n", Lost({})],
    "a number of a million digits": [OPENED, HEADER, b"9" * 1_000_000 + b"\x1f2\x1e\n", Lost({})],
    "infinity": [OPENED, HEADER, b"inf\x1fnan\x1e\n", Lost({})],
    "an open list": [OPENED, HEADER, b"[1\x1f2\x1e\n", Lost({})],
    "no UTF-8": [OPENED, HEADER, b'"\xff"\x1f2\x1e\n', Lost({})],
    "half a surrogate": [OPENED, HEADER, b'"\xed\xa0\x80"\x1f2\x1e\n', Lost({})],
    "a newline for an end": [OPENED, HEADER, b"1\x1f2\n", Lost({})],
    "names that are numbers": [{"type": "Opened", "names": [1, 2], "version": "1"}],
    "a million names": [Opened(("a",) * 100_000, "1")],
    "no names": [Opened((), "1")],
    "a name of a megabyte": [Opened(("a" * 1_000_000,), "1")],
    "counts below zero": [OPENED, HEADER, Lost({"x": -1})],
    "many counts": [OPENED, HEADER, Lost({str(number): 1 for number in range(5_000)})],
    "a message of no kind": [OPENED, HEADER, {"type": "Trusted"}],
    "a long refusal": [Refused("x" * 1_000_000)],
    "the end of a member": [OPENED, HEADER, End()],
}
"""What a reader of tables sends."""

MEMBERS: dict[str, list[Any]] = {
    "a block first": [b"block"],
    "an end first": [End()],
    "two heads": [Head("a"), Head("b"), End()],
    "no end": [Head("a"), b"text"],
    "no end and the end of all": [Head("a")],
    "a block for one that is skipped": [Head("a", "hidden"), b"text"],
    "damage in a member": [Head("a"), b"text", Broken("zip: no")],
    "a path of a megabyte": [Head("a" * 1_000_000), b"text", End()],
    "a reason of a megabyte": [Head("a", "r" * 1_000_000)],
    "a message of no kind": [{"type": "Trusted"}],
    "a number for a path": [{"type": "Head", "path": 5}],
    "a declared size": [Declared(5)],
}
"""What an unpacker of archives sends."""

DOCUMENTS: dict[str, list[Any]] = {
    "a message of no kind": [{"type": "Trusted"}],
    "a number alone": [5],
    "a size as text": [{"type": "Declared", "size": "5"}],
    "a size beyond all": [Declared(1 << 60)],
    "a reason that is a list": [{"type": "Unreadable", "reason": [], "detail": "", "remedy": ""}],
    "an unreadable document": [Unreadable("r", "d", "m")],
}
"""What a converter sends instead of text."""


def tables(assignment: Assignment) -> Iterator[Any]:
    """In the place of `read_table`: the path names what is sent."""
    yield from TABLES[_name(assignment.argument[2])]


def columns(assignment: Assignment) -> Iterator[Any]:
    """As `tables`, of columns."""
    yield from COLUMNS[_name(assignment.argument[2])]


def good_columns(assignment: Assignment) -> Iterator[Any]:
    """A whole content in two blocks."""
    content = whole_columns()
    yield from (OPENED, content[:13], content[13:], Lost({}))


def members(assignment: Assignment) -> Iterator[Any]:
    """In the place of `unpack_members`: the file holds the name."""
    yield from MEMBERS[_read(assignment)]


def documents(assignment: Assignment) -> Iterator[Any]:
    """In the place of `convert_document`."""
    yield from DOCUMENTS[_read(assignment)]


def endless_blocks(assignment: Assignment) -> Iterator[Any]:
    """Text without end."""
    while True:
        yield b"x" * 65_536


def endless_members(assignment: Assignment) -> Iterator[Any]:
    """Empty members without end."""
    number = 0
    while True:
        yield Head(str(number))
        yield End()
        number += 1


def endless_member(assignment: Assignment) -> Iterator[Any]:
    """One member without end."""
    yield Head("a")
    yield from endless_blocks(assignment)


def endless_rows(assignment: Assignment) -> Iterator[Any]:
    """Rows without end."""
    yield OPENED
    yield HEADER
    while True:
        yield b"1\x1f2\x1e\n" * 10_000


def endless_row(assignment: Assignment) -> Iterator[Any]:
    """A cell without end."""
    yield OPENED
    yield HEADER
    yield b'"'
    yield from endless_blocks(assignment)


def good_table(assignment: Assignment) -> Iterator[Any]:
    """A whole table, cut in odd places. It is not what the file holds."""
    yield OPENED
    yield from (HEADER[:3], HEADER[3:])
    yield from ROWS
    yield Lost({})


def _name(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _read(assignment: Assignment) -> str:
    # After the magic that makes the file of its kind.
    return os.pread(assignment.files[0], 1_000, 0).decode("latin-1").rpartition("|")[2].rstrip("\0")
