"""Parts of texts: split, capture, starts_with, ends_with."""

import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.records.evolution import FLAGS, TIMES_AND_STEMS
from rlmlite_kernel.values.values import Rows
from tests.kernel.machine import Machine
from tests.kernel.scalars.ways import everywhere
from tests.sizes import scale

LINES = ["7|ann|ok", "8 | bob", "|", "héllo|wörld", "user=ann took 12 ms", "x" * 2_000, "a,b , c;d"]

CASES: list[tuple[str, list[Any], list[str]]] = [
    (
        'split(.text, "|")',
        [["7", "ann", "ok"], ["8 ", " bob"], ["", ""], ["héllo", "wörld"], [LINES[4]], [LINES[5]], [LINES[6]]],
        [],
    ),
    (
        "split(.text, /\\s*[|,;]\\s*/)[1]",
        ["ann", "bob", "", "wörld", None, None, "b"],
        ["outside 2"],
    ),
    ("split(.text)[1]", [None, "|", None, None, "took", None, ","], ["outside 4"]),
    (
        'split(.text, ["|", ","])[-1]',
        ["ok", " bob", "", "wörld", LINES[4], LINES[5], " c;d"],
        [],
    ),
    (
        "capture(.text, /(\\w+)=(\\w+)/)",
        [None, None, None, None, "user", None, None],
        ["no_match 6"],
    ),
    ('capture(.text, /(?<key>\\w+)=(?<to>\\w+)/, "to")', [None, None, None, None, "ann", None, None], ["no_match 6"]),
    ("capture(.text, /took (\\d+)/, 0)", [None, None, None, None, "took 12", None, None], ["no_match 6"]),
    ("capture(.text, /^(x+)?./, 1) == null", [True, True, True, True, True, False, True], []),
    ("capture(.text, /^\\S/)", ["7", "8", "|", "h", "u", "x", "a"], []),
    ('starts_with(.text, "7")', [True, False, False, False, False, False, False], []),
    ('ends_with(.text, ["ok", "d"])', [True, False, False, True, False, False, True], []),
    ("not starts_with(.text, [])", [True] * 7, []),
    ("starts_with(.text, .text)", [True] * 7, []),
]


@pytest.mark.parametrize(("expression", "values", "said"), CASES, ids=[case[0] for case in CASES])
def test_parts_are_the_same_alone_by_row_over_columns_and_over_blocks(
    expression: str, values: list[Any], said: list[str]
) -> None:
    """One value for each line, and what has none is counted once, however it is evaluated."""
    assert everywhere(expression, LINES) == (values, said)


@pytest.mark.parametrize(
    "expression",
    ['split(.text, "|")', "split(.text)", "capture(.text, /./)", 'starts_with(.text, "a")', 'ends_with(.text, "a")'],
)
def test_what_is_no_text_has_no_parts(expression: str) -> None:
    """Null stays null without a word; a number is said."""
    values, said = everywhere(expression, [None, 12, True, ["a"], {"a": 1}])
    assert values == [None] * 5
    assert said == ["not_texts 4"]


_TEXT = st.text(alphabet="ab|,; é\n\r\tx", max_size=40)


@settings(max_examples=scale(60))
@given(st.lists(_TEXT, min_size=1, max_size=4), st.sampled_from(["|", "ab", ", ", "\n", "é"]))
def test_a_text_is_split_as_python_splits_it(texts: list[str], sep: str) -> None:
    """Literal separators, also such as cross lines."""
    written = sep.replace("\n", "\\n")
    assert everywhere(f'split(.text, "{written}")', texts)[0] == [text.split(sep) for text in texts]


@settings(max_examples=scale(60))
@given(st.lists(_TEXT, min_size=1, max_size=4), st.sampled_from(["[|,;]+", "a|b+", "x?", " *, *", "(a)(b)?", "b$"]))
@example(["axb", "baab"], "x?")
@example(["baab", "b"], "a*")
def test_a_regex_splits_where_it_matches_something(texts: list[str], pattern: str) -> None:
    """As Python does, but that empty matches separate nothing, and groups are no parts."""
    found = everywhere(f"split(.text, /{pattern}/)", texts)[0]
    for text, parts in zip(texts, found, strict=True):
        # `$` stands before a line end, `\r` and `\r\n` among them.
        if "\r" in text:
            continue
        places = [match.span() for match in re.finditer(pattern, text, re.MULTILINE) if match.group()]
        stops = [0, *(stop for _, stop in places)]
        starts = [*(start for start, _ in places), len(text)]
        assert parts == [text[a:b] for a, b in zip(stops, starts, strict=True)]


def test_parts_of_an_input_are_references_that_can_be_cited() -> None:
    """What is split or captured by itself has its place."""
    machine = Machine({"log": "id=7\nuser=ann\n"})
    machine.turn('p = split(log, "\\n")\nc = capture(log, /user=(\\w+)/)\nfinal(c, evidence=[p[1], c])')
    assert isinstance(machine.tainted("p").value, Rows)
    answer = machine.state.answer
    assert answer is not None
    assert [(item.start, item.stop) for item in answer.evidence] == [(5, 13), (10, 13)]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('split("a", "")', "query"),
        ('capture("a", /(a)/, 2)', "arguments"),
        ('capture("a", /(a)/, "b")', "arguments"),
        ('starts_with("a", 1)', "type"),
    ],
)
def test_arguments_that_can_never_do_are_faults(call: str, code: str) -> None:
    """What is the same for every row, and wrong for every row."""
    machine = Machine()
    machine.turn(f"x = {call}")
    assert machine.codes() == [code]


@pytest.mark.parametrize("call", ["split(log, /,/)", 'split(log, ",")', "split(str(log), /,/)", "split(str(log))"])
def test_parts_are_refused_before_they_are_built(call: str) -> None:
    """A text of commas would be a list of sixty times its size."""
    machine = Machine({"log": ", " * 500_000}, limits=Limits(value_bytes=3_000_000))
    machine.turn(f"x = {call}")
    assert machine.codes()[-1] in ("too_large", "budget")
    machine = Machine({"log": ", " * 500_000}, limits=Limits(search_work=100_000))
    machine.turn(f"x = {call}")
    assert "budget" in machine.codes()


def test_the_memory_of_parts_is_asked_for_before_they_are_there() -> None:
    """A million short parts take sixty times what the text does; none of them was made."""
    machine = Machine({"log": "ab," * 500_000}, limits=Limits(value_bytes=6_000_000))
    machine.turn("text = str(log)")
    tracemalloc.start()
    machine.turn('x = split(text, ",")')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert machine.codes()[-1] == "too_large"
    assert peak < 10_000_000


def test_a_run_of_before_knows_none_of_them() -> None:
    """Its program called something that was no action, and still does."""
    machine = Machine({"split": "a"}, flags=set(FLAGS) - {TIMES_AND_STEMS})
    with pytest.raises(AssertionError):
        machine.of('split("a|b", "|")')
    assert "split" not in machine.state.run.table
