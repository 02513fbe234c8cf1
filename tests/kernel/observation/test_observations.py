"""Observations: bounded, honest about what was left out, one line at least for every statement."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits, Problem, Unparsed, advance
from tests.kernel.machine import Machine
from tests.sizes import scale

texts = st.text(st.sampled_from('ab é😀\n"\\'), max_size=400)
STATEMENTS = [
    "show(log)",
    "x = log",
    "preview(log)",
    "load(log[0:50])",
    "y = log.lines",
    "describe(log)",
    "show(log.lines)",
    "z = [log, log, log]",
    "show({a: log, b: [1, 2]})",
    "w = nope",
    'v = json_parse("x")',
    'u = sub_lm("q")',
    't = search(log, "zzz")',
    "s = chunk(log, size=5)",
    "show(chunk(log, size=5))",
    "r = 12345",
]


@settings(max_examples=scale(100))
@given(texts, st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5), st.integers(0, 1_200))
def test_an_observation_is_within_its_limit(log: str, statements: list[str], room: int) -> None:
    """An observation stays within its limit in bytes, whatever its statements show, and its record says the sizes."""
    machine = Machine({"log": log}, limits=Limits(observation_bytes=room))
    seen = machine.turn("\n".join(statements), lambda prompt: log)

    assert len(seen.encode()) <= room
    assert sum(step.observation.size for step in machine.steps()) <= room


@settings(max_examples=scale(50))
@given(st.text(max_size=300), st.integers(0, 300))
def test_diagnostics_are_within_the_limit_too(message: str, room: int) -> None:
    """A refused reply is answered within the same bound."""
    machine = Machine({}, limits=Limits(observation_bytes=room))
    now = advance(
        machine.state, Unparsed("x", (Problem("syntax", message.encode("utf-8", "replace").decode()),)), machine.blobs
    )

    assert len(now.observation.encode()) <= room  # type: ignore[union-attr]  # prose asks for no calls


@settings(max_examples=scale(60))
@given(st.integers(0, 600), st.integers(150, 900), st.integers(1, 80))
def test_a_text_that_is_cut_says_so(size: int, room: int, width: int) -> None:
    """A text that is cut keeps head and tail, at line ends where it can; between them stands how to see the rest."""
    text = "".join("\n" if n % width == width - 1 else chr(97 + n % 26) for n in range(size))
    machine = Machine({"log": str(text)}, limits=Limits(observation_bytes=room))
    seen = machine.turn("show(str(log))")
    (*_, step) = machine.steps()
    said = re.search(r"\[([\d,]+) bytes left out: (.*)\]", seen)

    if text in seen:
        assert step.observation.cut == 0
        assert said is None
    else:
        assert said is not None
        assert int(said[1].replace(",", "")) == step.observation.cut > 0


@settings(max_examples=scale(60))
@given(st.integers(600, 900), st.integers(350, 900), st.integers(2, 60))
def test_the_mark_of_a_cut_shows_the_rest(size: int, room: int, width: int) -> None:
    """What a mark says to write shows exactly what was left out, and cuts fall on the ends of lines."""
    text = "".join("\n" if n % width == width - 1 else chr(97 + n % 26) for n in range(size))
    limits = Limits(observation_bytes=room)
    seen = Machine({"log": text}, limits=limits).turn("show(log)")
    said = re.search(r"\[([\d,]+) bytes left out: load\(log\[(\d+):(\d+)\]\)\]", seen)
    if said is None:
        assert text.rstrip("\n").rpartition("\n")[2] in seen
        return
    start, stop = int(said[2]), int(said[3])
    lines = [line.partition(": ")[2] for line in seen.split("\n") if re.match(r"\d+: ", line)]

    assert stop - start == int(said[1].replace(",", ""))
    assert "\n".join(lines).replace("\n", "") == (text[:start] + text[stop:]).replace("\n", "")
    # A cut inside a line is one whose lines are as long as the part that is shown.
    assert text[start - 1 : start] in ("", "\n") or start < 2 * width
    assert text[stop - 1 : stop] == "\n" or len(text) - stop < 2 * width


def test_rows_that_are_left_out_are_counted() -> None:
    """`show` of more rows than there is room for says how many are shown, and the record that some are not."""
    machine = Machine({"log": "a line of some length\n" * 50}, limits=Limits(observation_bytes=1_000))
    seen = machine.turn("show(log.lines)")
    said = re.search(r"\[(\d+) of 50 rows; the next: (.*)\]", seen)

    assert said is not None
    assert len(re.findall(r"^\d+: a line", seen, re.MULTILINE)) == int(said[1]) < 50
    assert said[2] == f"show(log.lines[{int(said[1]) + 1}:{min(51, 2 * int(said[1]) + 1)}])"
    assert machine.steps()[0].observation.cut > 0


@pytest.mark.parametrize("count", [1, 5, 20])
def test_every_statement_is_heard(count: int) -> None:
    """A statement that shows much does not silence those after it."""
    machine = Machine({"log": "word " * 5_000}, limits=Limits(observation_bytes=3_000))
    seen = machine.turn("show(log)\n" + "\n".join(f"x{n} = {n}" for n in range(count)))

    assert all(f"x{n} = {n}" in seen for n in range(count))


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ("x = 5", "x = 5"),
        ("x = 1.0", "x = 1"),
        ("x = true", "x = true"),
        ("x = null", "x = null"),
        ('x = "short"', 'x = "short"'),
        ("x = [1, 2]", "x = list of 2 items:\n[1, 2]"),
        ("x = {a: 1}", "x = record of 1 fields:\n{a: 1}"),
        ('x = chunk("abcdef", size=2)', "x = 3 chunks {index, doc, line, start, end, text}\n"),
        ("x = map([1, 2, 3], .value)", "x = 3 items\n1"),
        ("x = map([1], {a: .value})", "x = 1 rows {a}\n1"),
        ('note("plan")', "noted"),
        ('forget("old")', "old: forgotten"),
        ("final(1)", "final: answered, 0 pieces of evidence (none)"),
    ],
)
def test_each_statement_has_its_summary(statement: str, summary: str) -> None:
    """A statement's summary says what the value is, how much it has, and how it begins."""
    machine = Machine({})
    machine.turn("old = 1")

    assert machine.turn(statement).startswith(summary)


def test_an_inner_step_shows_only_its_warnings() -> None:
    """Of a statement's inner steps only the warnings are shown."""
    seen = Machine({"log": "abc"}).turn('n = count(search(log, "zzz", limit=3))')

    assert seen == "! no hits\nn = 0"


def test_a_warning_is_said_once() -> None:
    """A warning is given once, for however many rows it holds."""
    seen = Machine({"rows": [{"a": "1"}] * 20}).turn("x = where(rows, .a == 1)")

    assert seen.count("compared text with a number") == 1
