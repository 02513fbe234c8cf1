"""Programs that make `symbols` and `chunk(by="symbols")` work for long: charged before, and linear in the text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.actions.texts.symbol_chunks import _LEADING, _with_leading_lines
from rlmlite_kernel.engines.bytes.buffers import int_array
from tests.kernel.machine import Machine
from tests.sizes import scale

DEEP = "(" * 3_000
"""Nested too deep to be parsed: it is looked at, and left out."""


@pytest.mark.parametrize("text", [DEEP, "words", "def f(): pass\n"])
@pytest.mark.parametrize("name", ["a.py", "a.txt"])
def test_a_look_is_charged_also_at_what_is_left_out(text: str, name: str) -> None:
    """One unit of work a byte, so that looking at one text a million times is not free."""
    machine = Machine({"docs": {name: text}})
    machine.turn("x = symbols(docs)")
    is_parsed = name == "a.py" and text != DEEP

    assert machine.steps()[0].used["search_work"] == len(text) * (33 if is_parsed else 1)


def test_one_text_many_times_ends_at_the_budget() -> None:
    """A list of a thousand references to one text."""
    machine = Machine({"text": DEEP}, limits=Limits(search_work=len(DEEP) * 500))
    machine.turn('x = symbols(map(range(1000), text), language="python")')

    assert machine.codes()[-1] == "budget"
    assert machine.state.used["search_work"] <= len(DEEP) * 500


LINES = {
    "a decorator and a definition in each line": ("@A class B{}\n", "a.java"),
    "a comment and a definition in each line": ("/**/ class B{}\n", "a.java"),
    "definitions in one line": ("class B{}", "a.java"),
    "comments alone": ("# a\n", "a.py"),
    "a definition after comments": ("# a\n" * 50 + "def f(): pass\n", "a.py"),
}


@pytest.mark.parametrize("size", [1, 100, 1_000_000])
@pytest.mark.parametrize("kind", LINES)
def test_chunks_by_symbols_take_linear_time(kind: str, size: int) -> None:
    """300 kB of what would be walked up and down again for each definition."""
    unit, name = LINES[kind]
    text = unit * (300_000 // len(unit))
    machine = Machine({"docs": {name: text}}, limits=Limits(chunks=1_000_000))
    begun = time.perf_counter()
    machine.turn(f'x = chunk(docs, by="symbols", size={size})')

    assert time.perf_counter() - begun < 4
    assert machine.codes() in ([""], ["too_large"])


def test_more_chunks_than_the_budget_are_not_made() -> None:
    """A text that is cut by lines, one byte a chunk."""
    machine = Machine({"docs": {"a.txt": "\n" * 3_000_000}}, limits=Limits(chunks=10))
    begun = time.perf_counter()
    machine.turn('x = chunk(docs, by="symbols", size=1)')

    assert machine.codes() == ["budget"]
    assert time.perf_counter() - begun < 2


def _by_definition(raw: bytes, place: int) -> int:
    start = raw.rfind(b"\n", 0, place) + 1
    while start:
        line_above = raw.rfind(b"\n", 0, start - 1) + 1
        if not raw[line_above:start].lstrip().startswith(_LEADING):
            return start
        start = line_above
    return 0


PIECES = st.sampled_from([b"# a\n", b"@b\n", b"  // c\n", b"def d()\n", b"\n", b" * e\n", b"x", b"--\n", b"/* f */\n"])


@settings(max_examples=scale(200), deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=20), st.data())
def test_leading_lines_are_those_of_the_definition(pieces: list[bytes], data: st.DataObject) -> None:
    """Walking up from each place, line by line, gives the same."""
    raw = b"".join(pieces)
    places = data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=5))

    found = list(_with_leading_lines(raw, int_array(places)))
    assert found == [_by_definition(raw, place) for place in places]
