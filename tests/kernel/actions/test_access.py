"""Slices, lines, characters and indexes against plain definitions over `str`."""

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, FLAGS
from tests.kernel.machine import Machine
from tests.sizes import scale

texts = st.text(st.sampled_from("ab \r\n\n\té😀e\u0301\u2028\x85\0"), max_size=25)
bounds = st.one_of(st.none(), st.integers(-30, 60))
HOW = {"literal": True, "computed": False}


def moved(bound: int | None, default: int, count: int, literal: bool) -> int:
    """A bound within 0..count: only a negative literal counts from the end."""
    if bound is None:
        return default
    place = bound + count if bound < 0 and literal else bound
    return min(max(place, 0), count)


def range_of(lo: int | None, hi: int | None, count: int, literal: bool) -> tuple[int, int]:
    first, last = moved(lo, 0, count, literal), moved(hi, count, count, literal)
    return first, max(first, last)


def snapped(raw: bytes, place: int) -> int:
    while 0 < place < len(raw) and raw[place] & 0xC0 == 0x80:
        place -= 1
    return place


def byte_slice(text: str, lo: int | None, hi: int | None, literal: bool) -> str:
    raw = text.encode()
    first, last = range_of(lo, hi, len(raw), literal)
    return raw[snapped(raw, first) : snapped(raw, last)].decode()


def lines_of(text: str) -> list[str]:
    """The lines without their ends, which are `\n`, `\r\n` or a lone `\r`."""
    lines = re.split("\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


def machine_of(text: str) -> Machine:
    """The text three ways: an input, a string that was made, a slice of a longer input."""
    machine = Machine({"x": text, "longer": f"é\n{text}\né"})
    machine.turn(f"made = str(x)\npart = longer[3:{3 + len(text.encode())}]")
    return machine


def subscript(lo: int | None, hi: int | None, literal: bool) -> str:
    """`[lo:hi]` in literals, or in variables of the same values."""
    if literal:
        return f"[{'' if lo is None else lo}:{'' if hi is None else hi}]"
    return f"[{'' if lo is None else 'lo'}:{'' if hi is None else 'hi'}]"


def sliced(machine: Machine, view: str, lo: int | None, hi: int | None, literal: bool) -> list[Any]:
    """The slice of the text in each of its three forms."""
    machine.turn(f"lo = {lo or 0}\nhi = {hi or 0}")
    return [machine.of(f"{name}{view}{subscript(lo, hi, literal)}") for name in ("x", "made", "part")]


@settings(max_examples=scale(70))
@given(texts, bounds, bounds, st.booleans())
@example("a😀b", 2, 4, True)
def test_bytes(text: str, lo: int | None, hi: int | None, literal: bool) -> None:
    """`x[lo:hi]` is half-open, in UTF-8 bytes, moved down to code points and kept inside the text."""
    expected = byte_slice(text, lo, hi, literal)

    assert sliced(machine_of(text), "", lo, hi, literal) == [expected] * 3


@settings(max_examples=scale(70))
@given(texts, bounds, bounds, st.booleans())
def test_characters(text: str, lo: int | None, hi: int | None, literal: bool) -> None:
    """`x.chars[lo:hi]` counts code points, as Python's `str` does."""
    first, last = range_of(lo, hi, len(text), literal)

    assert sliced(machine_of(text), ".chars", lo, hi, literal) == [text[first:last]] * 3


@settings(max_examples=scale(70))
@given(texts, bounds, bounds, st.booleans())
def test_lines(text: str, lo: int | None, hi: int | None, literal: bool) -> None:
    """`x.lines[lo:hi]` counts from 1 and excludes the second bound and line ends; a literal 0 is refused."""
    machine, lines = machine_of(text), lines_of(text)
    if literal and 0 in (lo, hi):
        machine.turn(f"it = x.lines{subscript(lo, hi, literal)}")
        assert machine.codes() == ["bound"]
        return
    last = len(lines) + 1
    places = [bound + last if bound is not None and bound < 0 and literal else bound for bound in (lo, hi)]
    first, stop = (min(max(p, 1), last) if p is not None else d for p, d in zip(places, (1, last), strict=True))

    for rows in sliced(machine, ".lines", lo, hi, literal):
        assert [row["text"] for row in rows] == lines[first - 1 : max(first, stop) - 1]


@settings(max_examples=scale(60))
@given(texts, st.integers(-6, 8).filter(bool), st.booleans())
def test_one_line(text: str, number: int, literal: bool) -> None:
    """`x.lines[n]` is a text; outside it is null, and a literal counts from the end when it is negative."""
    lines, machine = lines_of(text), machine_of(text)
    place = number - 1 if number > 0 else number + len(lines) if literal else -1
    expected = lines[place] if 0 <= place < len(lines) else None
    machine.turn(f"n = {number}")
    index = number if literal else "n"

    assert [machine.of(f"{name}.lines[{index}]") for name in ("x", "made", "part")] == [expected] * 3


@settings(max_examples=scale(60))
@given(texts, bounds, bounds, bounds, bounds)
def test_a_slice_of_a_slice(text: str, a: int | None, b: int | None, c: int | None, d: int | None) -> None:
    """Positions in a slice count from its beginning."""
    expected = byte_slice(byte_slice(text, a, b, True), c, d, True)

    assert machine_of(text).of(f"x{subscript(a, b, True)}{subscript(c, d, True)}") == expected


@settings(max_examples=scale(60))
@given(st.lists(texts, min_size=1, max_size=3), bounds, bounds, st.sampled_from(["", ".chars", ".lines"]))
def test_row_by_row(items: list[str], lo: int | None, hi: int | None, view: str) -> None:
    """In a row expression a slice and a view mean what they mean outside of one."""
    if view == ".lines" and 0 in (lo, hi):
        return
    machine = Machine({f"x{i}": item for i, item in enumerate(items)} | {"items": items})
    cut = subscript(lo, hi, True)
    expected = [machine.of(f"x{i}{view}{cut}") for i in range(len(items))]
    found = machine.of(f"map(items, .value{view}{cut})")
    if view == ".lines":  # their positions are those of each content, which differ
        found, expected = ([[row["text"] for row in rows] for rows in each] for each in (found, expected))

    assert found == expected


@settings(max_examples=scale(60))
@given(st.lists(st.integers(0, 9), max_size=5), bounds, bounds, st.booleans())
def test_rows_and_lists(items: list[int], lo: int | None, hi: int | None, literal: bool) -> None:
    """Slices of rows and of lists count rows."""
    first, last = range_of(lo, hi, len(items), literal)
    machine = Machine({"items": items})
    machine.turn(f"lo = {lo or 0}\nhi = {hi or 0}\nrows = map(items, {{n: .value}})")
    cut = subscript(lo, hi, literal)

    assert machine.of(f"items{cut}") == items[first:last]
    assert machine.of(f"rows{cut}.n") == items[first:last]


@settings(max_examples=scale(60))
@given(st.lists(st.integers(0, 9), max_size=4), st.integers(-6, 6), st.booleans())
def test_indexes(items: list[int], at: int, literal: bool) -> None:
    """An index counts from 0, a negative literal from the end; outside is null, with a warning."""
    place = at + len(items) if at < 0 and literal else at
    machine = Machine({"items": items})
    machine.turn(f"at = {at}\nrows = map(items, .value)")
    inside = 0 <= place < len(items)
    for name in ("items", "rows"):
        found = machine.of(f"{name}[{at if literal else 'at'}]")

        assert found == (items[place] if inside else None)
        assert (f"index {at} is outside" in machine.done.observation) is not inside


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("x[n:]", "the bound -3 is outside 0..10; 0 was used instead"),
        ("x[-20:]", "the bound -20 is outside 0..10; 0 was used instead"),
        ("x.lines[n:]", "line -3 is outside 1..3; 1 was used instead"),
        ("x.lines[7]", "line 7 is outside the 2 lines: the result is null"),
        ("x.lines[n]", "line -3 is outside the 2 lines: the result is null"),
    ],
)
def test_a_bound_that_was_moved_is_said(expression: str, said: str) -> None:
    """Every bound that is moved is reported, where something may be lost by it."""
    machine = Machine({"x": "0123\n5678\n"})
    machine.turn("n = -3")

    assert said in machine.turn(f"it = {expression}")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("x[:20]", "the bound 20 is outside 0..10; 10 was used instead"),
        ("x.chars[0:99]", "the bound 99 is outside 0..10; 10 was used instead"),
        ("x.lines[1:9]", "line 9 is outside 1..3; 3 was used instead"),
    ],
)
def test_an_upper_bound_beyond_the_end_loses_nothing(expression: str, said: str) -> None:
    """So nothing is said of it; a run of before says what it said."""
    before = tuple(flag for flag in FLAGS if flag != CHUNKS_END_AT_LINES)

    assert "!" not in Machine({"x": "0123\n5678\n"}).turn(f"it = {expression}")
    assert said in Machine({"x": "0123\n5678\n"}, flags=before).turn(f"it = {expression}")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("x[0]", "type"),
        ("x.lines[0]", "bound"),
        ("x.lines[0:1]", "bound"),
        ('x["a":]', "type"),
        ("x[1.5:]", "type"),
        ("x[true:]", "type"),
        ("[1, 2][0.5]", "type"),
        ("(1)[0:1]", "type"),
        ("x.nope", "type"),
        ("map([x], .value[0])", "type"),
        ("map([x], .value.lines[0])", "bound"),
        ("map([x], .value.lines[0:1])", "bound"),
    ],
)
def test_a_wrong_reach_is_a_fault(expression: str, code: str) -> None:
    """A wrong access is a fault with its code, neither null nor an exception."""
    machine = Machine({"x": "0123\n"})
    machine.turn(f"it = {expression}")

    assert machine.codes() == [code]


def test_missing_fields_are_null() -> None:
    """A missing field gives null: of a record, in a list, of null, and on the way to deeper fields."""
    machine = Machine({"r": {"a": {"b": 1}}})

    assert machine.of('[r.a.b, r["a"].c, r.x, r["x"], r.x.y, r.a["b"], [r, 1].a]') == [
        1, None, None, None, None, 1, [{"b": 1}, None],
    ]  # fmt: skip


def test_documents_are_reached_by_path() -> None:
    """An unknown path gives null, and the warning names the nearest one."""
    machine = Machine({"docs": {"a.txt": "first", "sub/b.txt": "second"}})

    assert machine.of('[docs["sub/b.txt"], docs["sub/c.txt"], docs.path, docs[0].text]') == [
        "second", None, ["a.txt", "sub/b.txt"], "first",
    ]  # fmt: skip
    assert "did you mean `sub/b.txt`?" in machine.done.observation


TEXT = "é one\r\ntwo ERROR x\n\nthree ERROR y"


@pytest.mark.parametrize("name", ["longer", "part"])
def test_positions_that_were_given_lead_back(name: str) -> None:
    """`start`, `end` and `line` of a hit lead to its match and its line in the whole input, also from a part of it."""
    machine = Machine({"longer": f"some\nlines before\n{TEXT}"})
    machine.turn(f"part = longer[18:]\nhits = search({name}, /ERROR (\\w)/)")
    hits = machine.value("hits")

    assert [hit["match"] for hit in hits] == ["ERROR x", "ERROR y"]
    for i, hit in enumerate(hits):
        assert machine.of(f"longer[hits[{i}].start : hits[{i}].end]") == hit["match"]
        assert machine.of(f"longer.lines[hits[{i}].line]") == hit["text"]


@pytest.mark.parametrize("subscript", ["part[hit.start:hit.end]", "part.lines[hit.line]", "part.lines[hit.line:]"])
def test_a_position_of_the_whole_on_a_part_is_warned_of(subscript: str) -> None:
    """Positions count from the beginning of the input; used on a part of it, the observation says so."""
    machine = Machine({"longer": f"some\nlines before\n{TEXT}"})
    machine.turn(f"part = longer[18:]\nhit = search(part, /ERROR/)[0]\nit = {subscript}")

    assert "apply such positions to the input itself" in machine.done.observation


@pytest.mark.parametrize("name", ["x", "part"])
def test_lines_chunks_and_hits_give_the_same_positions(name: str) -> None:
    """`start` and `line` mean one thing in every kind of rows."""
    machine = Machine({"x": TEXT, "longer": f"some\nlines before\n{TEXT}"})
    machine.turn("part = longer[18:]")
    places = [
        machine.of(f"map({rows}, {{line: .line, start: .start}})")
        for rows in (f"{name}.lines", f'chunk({name}, size=1, by="lines")', f"search({name}, /^/)")
    ]

    assert places[0] == places[1] == places[2]
