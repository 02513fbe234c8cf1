"""Rows of a columnar content against the same rows of a sheet, which older versions had: programs give the same."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, sheet_blocks
from rlmlite_kernel.testing.laws.outcomes import columns_from
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.tables import check, layout, parts, store, writer
from rlmlite_kernel.values.tables.records import records
from rlmlite_kernel.values.tables.store import ColumnStore
from rlmlite_kernel.values.tables.writer import Batch, columnar_blocks
from rlmlite_kernel.values.vectors import Vector
from tests.kernel.machine import Machine
from tests.sizes import scale

NAMES = ("a", "b", "c")

_INTEGERS = st.none() | st.integers(-3, 300) | st.sampled_from([2**53 + 1, -(2**63), 2**63 - 1])
_NUMBERS = st.none() | st.integers(-3, 3) | st.floats(-1e6, 1e6).map(lambda value: round(value, 2))
_TEXTS = st.none() | st.sampled_from(["", "a", "ab", "é", "ERROR disk", "12"])
_MIXED = st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2) | st.lists(st.integers(0, 2), max_size=2)
_COLUMN = st.sampled_from([_INTEGERS, _NUMBERS, _TEXTS, st.none() | st.booleans(), _MIXED, st.none()])


@st.composite
def columns(draw: st.DrawFn) -> list[list[Any]]:
    """Three columns of one length, each of a kind, so that some segments differ from others."""
    rows = draw(st.integers(0, 12))
    return [draw(st.lists(draw(_COLUMN), min_size=rows, max_size=rows)) for _ in NAMES]


PROGRAMS = [
    *(f"x = where(t, {condition})" for condition in (
        ".a > 1", ".a == .b", '.a == "ab"', '.a != "a"', '.a contains "a"', '.a not contains "a"', ".a == null",
        '.a in ["a", 1, 2]', "not .a", ".a < .b and .c", '.a >= "ab"',
    )),
    "x = group(t, .a, {n: count(), s: sum(.b), m: avg(.b), lo: min(.c), hi: max(.c), f: first(.b), l: last(.c)})",
    "x = group(t, [.a, .b], {n: count(.c), mid: median(.b)})",
    "x = count_by(t, .a)",
    "x = sort(t, by=.a)",
    "x = sort(t, by=[.b, -.a])",
    "x = top(t, 2, by=.b)",
    "x = distinct(t, by=.a)",
    "x = distinct(t)",
    "x = t + where(t, .a == .b)",
    "x = union(where(t, .a), t)",
    "x = join(t, map(t, {a: .a, z: .b}), by=a)",
    "x = minus(t, where(t, .b), by=.a)",
    "x = map(t, {d: .a, e: .b * 2, f: .c})",
    "x = extend(t, {d: .b + 1})",
    "x = sum(t.b)",
    "x = t[1:3].a",
    "x = t.a",
    "x = [count(t), first(t), last(t), sample(t, 2)]",
    "x = to_object(distinct(where(t, .a != null), by=.a), .a, .b)",
    "y = where(t, .b)\nx = sort(where(y, .a), by=.c)",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _short_segments() -> Iterator[None]:
    """A few rows are many segments."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (layout, writer, store, check):
            patch.setattr(module, "SEGMENT", 4)
        yield


def _outcome(content: bytes, program: str, many: int) -> tuple[Any, ...]:
    with columns_from(many):
        machine = Machine()
        blob = machine.blobs.put(content)
        file = SourceFile("t.csv", blob, len(content))
        table = Input(records(blob, machine.blobs), Source("table", "t.csv", (file,)))
        machine = Machine({"t": table}, blobs=machine.blobs)
        machine.turn(program)
        kept = machine.state.variables.get("x")
        return machine.codes(), None if kept is None else (repr(machine.value("x")), kept.kind)


@settings(max_examples=scale(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns(), st.sampled_from(PROGRAMS), st.sampled_from([0, 10**9]))
@example([["a"] * 9 + [None, "b"], list(range(11)), [None] * 11], PROGRAMS[0], 0)
def test_a_program_gives_what_it_gave_over_a_sheet(table: list[list[Any]], program: str, many: int) -> None:
    """Row by row and over whole columns: values, kinds and faults."""
    rows = len(table[0])
    batch = Batch([parts.of_cells(column_cells(column, Losses())) for column in table], rows)
    columnar = b"".join(columnar_blocks(NAMES, [batch]))
    spelled = [[column_cells(column, Losses()) for column in table]] if rows else []
    sheet = b"".join(sheet_blocks(NAMES, spelled, Losses()))

    assert _outcome(columnar, program, many) == _outcome(sheet, program, 10**9)


@settings(max_examples=scale(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns(), st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_a_content_follows_from_the_values_alone(table: list[list[Any]], sizes: list[int]) -> None:
    """However the rows are cut into batches, the bytes are the same."""
    rows = len(table[0])
    batches: list[Batch] = []
    start = 0
    while start < rows:
        stop = min(rows, start + sizes[len(batches) % len(sizes)])
        cut = [parts.of_cells(column_cells(column[start:stop], Losses())) for column in table]
        batches.append(Batch(cut, stop - start))
        start = stop
    whole = Batch([parts.of_cells(column_cells(column, Losses())) for column in table], rows)

    assert b"".join(columnar_blocks(NAMES, batches)) == b"".join(columnar_blocks(NAMES, [whole]))


@settings(max_examples=scale(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns(), st.data())
def test_a_column_at_some_rows_is_what_the_whole_one_has_there(table: list[list[Any]], data: st.DataObject) -> None:
    """Values, kinds, nulls and places, whichever rows these are, and whether the column was read before."""
    rows = len(table[0])
    batch = Batch([parts.of_cells(column_cells(column, Losses())) for column in table], rows)
    content = b"".join(columnar_blocks(NAMES, [batch]))
    numbers = np.array(sorted(data.draw(st.sets(st.integers(0, rows - 1)))) if rows else [], np.int64)
    machine = Machine()
    whole, apart = (ColumnStore(machine.blobs.put(content), content) for _ in range(2))
    for index in range(len(NAMES)):
        column, part = whole.column(index), apart.vector_at(index, numbers)
        again = whole.vector_at(index, numbers)
        if not isinstance(column, Vector):
            assert part is again is None
            continue
        assert part is not None
        assert again is not None
        taken = column.take(numbers)
        assert (part.kind, part.null.tolist()) == (taken.kind, taken.null.tolist())
        assert part.values(machine.blobs) == taken.values(machine.blobs) == again.values(machine.blobs)
        if isinstance(taken.data, Spans):
            assert isinstance(part.data, Spans)
            assert (part.data.longest(), part.data.total_bytes()) == (taken.data.longest(), taken.data.total_bytes())


def test_the_places_of_rows_are_kept_as_long_as_the_rows() -> None:
    """The columns of a table share them; other rows have others, and nothing stays when the rows have gone."""
    content = b"".join(columnar_blocks(("a", "b"), [Batch([parts.of_values(list(range(9)))] * 2, 9)]))
    table = ColumnStore("", content)
    rows, others = np.array([1, 7]), np.array([2, 3])

    found = [table.vector_at(index, numbers) for numbers in (rows, others, rows) for index in (0, 1)]

    expected = [[1, 7], [1, 7], [2, 3], [2, 3], [1, 7], [1, 7]]
    assert [None if vector is None else vector.data.tolist() for vector in found] == expected
    kept = weakref.ref(table._places_of(rows).picks[0].places)
    del rows
    gc.collect()
    assert kept() is None


def test_rows_of_two_tables_are_searched_each_in_its_own() -> None:
    """Rows of one table that a program joined are lines of its text; those of two binary tables are plain rows."""

    def table(machine: Machine, words: list[str]) -> Input:
        content = b"".join(columnar_blocks(("w",), [Batch([parts.of_values(words)], len(words))]))
        blob = machine.blobs.put(content)
        return Input(
            records(blob, machine.blobs), Source("table", words[0], (SourceFile(words[0], blob, len(content)),))
        )

    blobs = Machine().blobs
    machine = Machine(blobs=blobs)
    machine = Machine({"s": table(machine, ["ab", "b"]), "t": table(machine, ["b", "c", "ab"])}, blobs=blobs)

    assert machine.of('search(union(t[2:3], t[0:1]), "b").line') == [3, 1]
    machine.turn('x = search(union(s, t), "b")')
    assert machine.codes() == ["", "type"]
