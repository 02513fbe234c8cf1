"""Arrow and Parquet files whose offsets, lengths and indexes lie: no memory is read into a value, no process ends."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_value
from rlmlite_kernel.values.tables.layout import read_layout
from rlmlite_traces import FileBlobs
from tests.guard.files.hostile import flipped, outcome, patched

pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
ipc = pytest.importorskip("pyarrow.ipc")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS = [f"text {number:04d}" for number in range(20)]
OFFSETS = struct.pack("<4i", 0, 9, 18, 27)
"""The first offsets of `TEXTS` in a column: where each ends."""


def columns() -> dict[str, Any]:
    """A column of each layout."""
    return {
        "text": pa.array(TEXTS),
        "large": pa.array(TEXTS, pa.large_string()),
        "view": pa.array([text * 3 for text in TEXTS], pa.string_view()),
        "binary": pa.array([text.encode() for text in TEXTS]),
        "dictionary": pa.array(TEXTS).dictionary_encode(),
        "list": pa.array([[text, text] for text in TEXTS]),
        "struct": pa.array([{"a": text, "b": 1} for text in TEXTS]),
        "map": pa.array([[(text, 1)] for text in TEXTS], pa.map_(pa.string(), pa.int32())),
        "run": pa.RunEndEncodedArray.from_arrays(pa.array([10, 20], pa.int32()), pa.array(["a", "b"])),
        "int": pa.array(range(20), pa.int32()),
    }


def arrow_bytes(column: Any, **options: Any) -> bytes:
    """An Arrow file of one column."""
    sink = pa.BufferOutputStream()
    table = pa.table({"c": column})
    with ipc.new_file(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet_bytes(column: Any) -> bytes:
    """A Parquet file of one column."""
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"c": column}), sink)
    return bytes(sink.getvalue())


def test_honest_files_are_read(tmp_path: Path) -> None:
    """What the others change gives its rows as it stands."""
    for name, column in columns().items():
        path = tmp_path / f"{name}.arrow"
        path.write_bytes(arrow_bytes(column))
        read = outcome(path)
        assert isinstance(read, bytes), read
        assert read_layout(read)[0].rows == 20


@pytest.mark.parametrize(
    ("place", "offset"),
    [
        (12, 200_000_000),
        (12, 2**31 - 1),
        (12, -1),
        (4, -(2**31)),
        (8, 100_000),
        (0, 100),
        (8, 4),
        (12, 1 << 20),
    ],
)
def test_a_patched_offset_reads_no_memory(tmp_path: Path, place: int, offset: int) -> None:
    """S2: an offset beyond its buffer took up to 200 MB of process memory into a value."""
    content = arrow_bytes(pa.array(TEXTS))
    path = tmp_path / "a.arrow"
    path.write_bytes(patched(content, content.index(OFFSETS) + place, struct.pack("<i", offset)))

    said = outcome(path)

    assert isinstance(said, str)
    assert "a.arrow" in said


def _dictionary_index(content: bytes) -> bytes:
    indexes = struct.pack("<20i", *range(20))
    return patched(content, content.index(indexes) + 8, struct.pack("<i", 1_000_000))


def _negative_index(content: bytes) -> bytes:
    indexes = struct.pack("<20i", *range(20))
    return patched(content, content.index(indexes), struct.pack("<i", -5))


def _list_offset(content: bytes) -> bytes:
    offsets = struct.pack("<5i", 0, 2, 4, 6, 8)
    return patched(content, content.index(offsets) + 12, struct.pack("<i", 50_000_000))


def _large_offset(content: bytes) -> bytes:
    offsets = struct.pack("<4q", 0, 9, 18, 27)
    return patched(content, content.index(offsets) + 16, struct.pack("<q", 1 << 40))


def _view_offset(content: bytes) -> bytes:
    # A view is length, four bytes of prefix, number of its buffer, offset there.
    view = struct.pack("<i", 27) + b"text" + struct.pack("<ii", 0, 27)
    return patched(content, content.index(view) + 12, struct.pack("<i", 1_000_000))


def _view_buffer(content: bytes) -> bytes:
    view = struct.pack("<i", 27) + b"text" + struct.pack("<ii", 0, 27)
    return patched(content, content.index(view) + 8, struct.pack("<i", 77))


def _view_length(content: bytes) -> bytes:
    view = struct.pack("<i", 27) + b"text" + struct.pack("<ii", 0, 27)
    return patched(content, content.index(view), struct.pack("<i", 100_000_000))


def _run_end(content: bytes) -> bytes:
    ends = struct.pack("<2i", 10, 20)
    return patched(content, content.index(ends), struct.pack("<2i", 5, 7))


def _text_bytes(content: bytes) -> bytes:
    return content.replace(b"text 0003", b"text \xff\xfe03")


PATCHES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "an index beyond the dictionary": ("dictionary", _dictionary_index),
    "a negative index": ("dictionary", _negative_index),
    "a list beyond its values": ("list", _list_offset),
    "an offset of 64 bits": ("large", _large_offset),
    "a view beyond its buffer": ("view", _view_offset),
    "a view into no buffer": ("view", _view_buffer),
    "a view that is too long": ("view", _view_length),
    "runs that end too early": ("run", _run_end),
    "a text that is not UTF-8": ("text", _text_bytes),
    "a key of a map that is not UTF-8": ("map", _text_bytes),
    "a text in a record that is not UTF-8": ("struct", _text_bytes),
}


@pytest.mark.parametrize("name", PATCHES)
def test_every_layout_is_validated(tmp_path: Path, name: str) -> None:
    """Dictionaries, lists, views, runs and nested columns: each has references of its own."""
    layout, patch = PATCHES[name]
    path = tmp_path / "a.arrow"
    path.write_bytes(patch(arrow_bytes(columns()[layout])))

    said = outcome(path)

    assert isinstance(said, str)
    assert "a.arrow" in said


@pytest.mark.parametrize("layout", ["text", "dictionary", "list", "view", "struct", "run", "compressed"])
def test_flipped_bits_of_an_arrow_file_are_a_fault_of_the_file_or_nothing(tmp_path: Path, layout: str) -> None:
    """They used to end the process (SIGSEGV, SIGBUS). What is still read is rows of the table."""
    options = {"compression": "lz4"} if layout == "compressed" else {}
    content = arrow_bytes(columns()["text" if layout == "compressed" else layout], **options)

    for number, changed in enumerate(flipped(content, range(6))):
        path = tmp_path / f"{number}.arrow"
        path.write_bytes(changed)
        read = outcome(path)
        assert isinstance(read, str) or len(read) < 10_000


@pytest.mark.parametrize("layout", ["text", "dictionary", "list", "int"])
def test_flipped_bits_of_a_parquet_file_are_a_fault_of_the_file_or_nothing(tmp_path: Path, layout: str) -> None:
    """The same for Parquet: pages, levels, dictionaries and the footer."""
    content = parquet_bytes(columns()[layout])

    for number, changed in enumerate(flipped(content, range(6))):
        path = tmp_path / f"{number}.parquet"
        path.write_bytes(changed)
        read = outcome(path)
        assert isinstance(read, str) or len(read) < 10_000


@pytest.mark.parametrize("suffix", ["arrow", "parquet", "feather", "ipc"])
@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"PAR1PAR1", b"\xff" * 500, b"PAR1" + b"\x7f" * 100 + b"PAR1"])
def test_no_table_at_all_is_a_fault(tmp_path: Path, suffix: str, content: bytes) -> None:
    """Whatever has the suffix."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)

    assert isinstance(outcome(path), str)


def test_a_truncated_file_is_a_fault(tmp_path: Path) -> None:
    """Cut anywhere: the footer is at the end."""
    content = arrow_bytes(columns()["text"])
    for size in range(8, len(content), len(content) // 12):
        path = tmp_path / f"{size}.arrow"
        path.write_bytes(content[:size])
        assert isinstance(outcome(path), str)


def _deep(levels: int) -> Any:
    kind = pa.int32()
    for _ in range(levels):
        kind = pa.list_(kind)
    return pa.array([None, None], kind)


def _declares_a_terabyte() -> bytes:
    content = arrow_bytes(pa.array(["x" * 100_000]), compression="lz4")
    # A compressed buffer begins with the size that it unpacks to.
    return content.replace(struct.pack("<q", 100_000), struct.pack("<q", 1 << 40))


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "2 million equal texts": ("parquet", lambda: parquet_bytes(pa.array(["x" * 50]).take(pa.array([0] * 2_000_000)))),
    "20 million nulls": ("parquet", lambda: parquet_bytes(pa.nulls(20_000_000))),
    "a dictionary of one long text": (
        "arrow",
        lambda: arrow_bytes(
            pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int8()), pa.array(["x" * 9_999]))
        ),
    ),
    "a run of 2 billion": (
        "arrow",
        lambda: arrow_bytes(pa.RunEndEncodedArray.from_arrays(pa.array([2_000_000_000], pa.int32()), pa.array(["x"]))),
    ),
    "many columns": ("arrow", lambda: arrow_table(pa.table({f"c{number}": [1] for number in range(20_000)}))),
    "lists in lists": ("arrow", lambda: arrow_bytes(_deep(60))),
    "a buffer of a terabyte": ("arrow", _declares_a_terabyte),
}


def arrow_table(table: Any) -> bytes:
    """An Arrow file of a table."""
    sink = pa.BufferOutputStream()
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_table_does_not_become_a_large_one(tmp_path: Path, name: str) -> None:
    """Dictionaries, runs, views and nulls say much in few bytes; the limits hold for what becomes of them."""
    suffix, make = BOMBS[name]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(make())

    read = outcome(path, Reading(max_seconds=1, max_worker_bytes=128 * 1024**2, max_bytes=8_000_000))

    assert isinstance(read, str) or len(read) < 8_000_000


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["arrow", "parquet"])
@pytest.mark.parametrize("layout", columns())
def test_many_flipped_bits(tmp_path: Path, layout: str, suffix: str) -> None:
    """The same with more seeds."""
    column = columns()[layout]
    if suffix == "parquet" and layout in ("run", "view"):
        pytest.skip("Parquet has no such layout")
    content = arrow_bytes(column) if suffix == "arrow" else parquet_bytes(column)
    for number, changed in enumerate(flipped(content, range(100, 160))):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(changed)
        read = outcome(path)
        assert isinstance(read, str) or len(read) < 10_000


def test_a_data_frame_is_validated_too() -> None:
    """It is this process's own memory, where a wrong offset would read what lies beside it."""
    good = pa.array(["abc", "def"])
    offsets = pa.py_buffer(struct.pack("<3i", 0, 100_000_000, 6))
    frame = pa.table({"c": pa.StringArray.from_buffers(2, offsets, good.buffers()[2])})

    with pytest.raises(InputError, match="Table"):
        from_value(frame, FileBlobs())
