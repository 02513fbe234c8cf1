"""Sheets: whatever format rows came in, they have one content, and a run over it replays."""

import datetime
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite.inputs import deriving
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, sheet_blocks
from rlmlite_kernel.engines.sheets.cells import SheetBrokenError
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.tables.sheets import records
from rlmlite_kernel.values.values import Rows, descriptor, to_json
from rlmlite_traces import FileBlobs, Verdict, replay, verify
from tests.rlmlite.inputs.tables.table_files import ROWS, database, load_rows, load_table, write_lines
from tests.sizes import scale

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=scale(150))
@given(st.lists(st.tuples(json_values, json_values), max_size=6))
def test_a_sheet_gives_back_its_values(rows: list[tuple[Any, Any]]) -> None:
    """Any JSON comes back by column and by row; only the two bytes that end cells and rows are altered."""
    losses, blobs = Losses(), FileBlobs()
    batch = [column_cells([row[k] for row in rows], losses) for k in range(2)]
    table = records(blobs.put(b"".join(sheet_blocks(("a", "b"), [batch], losses))), blobs)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("\x1e", "\ufffd").replace("\x1f", "\ufffd")
        return value

    expected = [value_bytes([clean(a), clean(b)]) for a, b in rows]
    assert [value_bytes(list(row.values())) for row in to_json(table, blobs)] == expected
    assert [value_bytes(list(to_json(table.row(k, blobs), blobs).values())) for k in range(len(rows))] == expected


def test_arrow_values_follow_the_rules(tmp_path: Path) -> None:
    """Dates and times in ISO form, decimals as text, bytes in base64, NaN as null; Parquet and Feather alike."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    parquet, feather = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow.feather")
    moment = datetime.datetime(2024, 2, 3, 4, 5, 6, 500_000, datetime.timezone(datetime.timedelta(hours=2)))
    table = pa.table(
        {
            "day": [datetime.date(2024, 2, 3), None],
            "at": pa.array([moment, None], pa.timestamp("us", "+02:00")),
            "local": pa.array([1_706_933_106_000_000_001, 0], pa.timestamp("ns")),
            "time": [datetime.time(4, 5, 6), None],
            "took": pa.array([90_500, -1], pa.duration("ms")),
            "price": [Decimal("1.50"), None],
            "raw": [b"\0\1", None],
            "x": [float("nan"), float("inf")],
            "u": pa.array([2**64 - 1, None], pa.uint64()),
            "word": pa.array(["a", None]).dictionary_encode(),
            "deep": [{"day": datetime.date(2024, 2, 3), "n": [1.0]}, None],
        }
    )
    expected = {
        "day": "2024-02-03",
        "at": "2024-02-03T02:05:06.5Z",
        "local": "2024-02-03T04:05:06.000000001",
        "time": "04:05:06",
        "took": "PT90.5S",
        "price": "1.50",
        "raw": "AAE=",
        "x": None,
        "u": 2**64 - 1,
        "word": "a",
        "deep": {"day": "2024-02-03", "n": [1]},
    }
    parquet.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.feather")

    for source in (tmp_path / "a.parquet", tmp_path / "a.feather", table):
        rows = load_rows(source)
        assert rows[0] == expected
        assert rows[1] == dict.fromkeys(expected) | {"local": "1970-01-01T00:00:00", "took": "-PT0.001S"}


def test_frames_are_tables() -> None:
    """pandas and polars frames give the same content."""
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    polars = pytest.importorskip("polars", reason="needs polars")
    data = {"id": [1, 2], "name": ["a", "b"], "x": [0.5, 2.0]}

    found = [load_table(frame) for frame in (pandas.DataFrame(data), polars.DataFrame(data))]

    assert [rows for _, rows in found] == [[{"id": 1, "name": "a", "x": 0.5}, {"id": 2, "name": "b", "x": 2}]] * 2
    assert found[0][0].memory == found[1][0].memory


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    """And the same digest, but for formats that are text: their content says where each row is in the text."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    rows = [{"id": k, "name": f"n {k}", "x": k + 0.5} for k in range(1_200)]
    write_lines(tmp_path / "a.jsonl", rows)
    (tmp_path / "a.csv").write_text("id,name,x\n" + "".join(f"{r['id']},{r['name']},{r['x']}\n" for r in rows))
    pytest.importorskip("pyarrow.parquet").write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    pytest.importorskip("pyarrow.feather").write_feather(pa.Table.from_pylist(rows), tmp_path / "a.feather")

    tables = {name: load_table(tmp_path / name) for name in ("a.jsonl", "a.csv", "a.parquet", "a.feather")}
    digests = {name: found.source.files[0].digest for name, (found, _) in tables.items()}

    assert all(read == rows for _, read in tables.values())
    assert digests["a.parquet"] == digests["a.feather"]
    assert len(set(digests.values())) == 3


def test_a_descriptor_does_not_grow_with_rows(tmp_path: Path) -> None:
    """A table, and rows of it, are named by digests."""
    sizes = []
    for count in (10, 10_000):
        blobs = FileBlobs()
        found, _ = load_table(
            write_lines(tmp_path / f"{count}.jsonl", [{"a": k, "b": "x"} for k in range(count)]), blobs
        )
        assert isinstance(found.value, Rows)
        sizes.append(len(descriptor(found.value)))
    assert sizes[1] - sizes[0] < 20


def test_a_broken_sheet_is_refused() -> None:
    """Content that a trace calls a table may be anything."""
    blobs = FileBlobs()
    for content in (b"", b"a\n", b"a\x1fb\x1e\n1\x1e\n", b"a\x1e\n1\x1eX"):
        with pytest.raises(SheetBrokenError):
            to_json(records(blobs.put(content), blobs), blobs)


def test_a_table_can_be_searched_and_quoted(tmp_path: Path) -> None:
    """A search looks at whole rows, and within a part at its rows alone; the evidence is the row."""
    write_lines(tmp_path / "a.jsonl", [{"id": k, "what": "ERROR disk" if k % 3 else "fine"} for k in range(30)])

    outcome = rlmlite.execute(
        'all = search(context, "ERROR")\nsome = where(context, .id < 6 or .id == 28)\nfew = search(some, "ERROR")\n'
        "final([count(all), few.line], evidence=where(context, .id == 28))",
        tmp_path / "a.jsonl",
        trace=False,
    )

    assert outcome.value == [20, [2, 3, 5, 6, 29]]
    assert [(e.how, e.line, e.text) for e in outcome.evidence] == [("verbatim", 29, '{"id": 28, "what": "ERROR disk"}')]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "sqlite", "frame"])
def test_a_run_over_a_table_replays(tmp_path: Path, kind: str) -> None:
    """The rows are read again from the file by the recorded recipe; another file or content is missing."""
    given_: Any
    if kind == "jsonl":
        given_ = write_lines(tmp_path / "a.jsonl", ROWS)
    elif kind == "csv":
        given_ = tmp_path / "a.csv"
        given_.write_text("id;name\n1;x\n2;y\n")
    elif kind == "sqlite":
        given_ = f"sqlite:{database(tmp_path / 'a.db')}?query=SELECT * FROM t ORDER BY id"
    else:
        given_ = pytest.importorskip("pandas", reason="needs pandas").DataFrame({"id": [1, 2], "name": ["x", "y"]})
    inputs = Path(given_) if isinstance(given_, str) else given_
    program = "kept = where(context, .id >= 2)\nfinal(count(kept), evidence=kept)"
    outcome = rlmlite.execute(program, inputs, trace=tmp_path / "run.rlm")

    assert outcome.trace is not None
    checked = verify(outcome.trace)
    assert replay(checked, derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED
    if kind == "frame":
        return
    path = next(file for file in tmp_path.iterdir() if file.stem == "a")
    os.rename(path, tmp_path / "moved")
    assert (
        replay(checked, {"context": tmp_path / "moved"}, derive=deriving(), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )
    gone = replay(checked, derive=deriving(), recorded_paths=True)
    assert gone.verdict is Verdict.UNVERIFIABLE
    assert "no such file" in gone.missing["context"]
