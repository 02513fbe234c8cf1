"""Null is never an accident: an operation that has no result for a value that is there is a fault, or is said."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite_kernel.records.evolution import FLAGS, NULLS_ARE_SAID
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.testing.examples.values import tables
from rlmlite_kernel.testing.laws.outcomes import columns_from
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from
from tests.sizes import scale

CRATES = "crate A holds 12 lamps\ncrate B holds 7 lamps\ncrate C holds 30 ropes\n"
HITS = "h = search(context, /holds (?<n>[0-9]+) (?<what>[a-z]+)/)\n"
PAID = "pay fig 12.50\npay kiwi 1,204.75\npay lime 3,5\npay plum n/a\n"
PAYMENTS = 'p = parse_lines(context, "pay {what} {amount}")\n'


def said(program: str, text: str, **more: Any) -> list[str]:
    """What a program warns of."""
    outcome = rlmlite.execute(program, text, trace=False, **more)
    return [warning.message for warning in outcome.warnings]


def test_values_that_are_no_numbers_are_counted_with_their_place() -> None:
    """Thousands are read, `3,5` is not 35, and whoever asks is told how many were left out and where."""
    outcome = rlmlite.execute(f"{PAYMENTS}final(sum(map(p, float(.amount))))", PAID, trace=False)
    warning, rests = outcome.warnings

    assert (outcome.value, outcome.reason, rests.code) == (1217.25, "rests_on_warning", "rests_on_warning")
    assert warning.message == "`float(.amount)`: 2 of 4 values are not numbers, the first on line 3 of context"
    assert (warning.n, warning.example, warning.input, warning.line) == (2, "3,5", "context", 3)


@pytest.mark.parametrize(
    ("expression", "kinds"),
    [
        ('"total: " + sum(map(h, int(.groups[0])))', "text and int"),
        ('"n=" + 5', "text and int"),
        ('"Using: " + h', "text and list"),
        ("h + 1", "list and int"),
        ("true + 1", "bool and int"),
        ("{a: 1} + {b: 2}", "record and record"),
        ('"3" * 2', "text and int"),
        ('"10" - 3', "text and int"),
        ('"2024-03-01" + 7', "text and int"),
        ("7.5 % 2", "float and int"),
        ('div("8", 2)', "text and int"),
    ],
)
def test_kinds_that_never_fit_are_a_fault(expression: str, kinds: str) -> None:
    """The message says what to write instead; nothing is null without a word."""
    outcome = rlmlite.execute(f"{HITS}final({expression})", CRATES, trace=False)

    assert (outcome.value, outcome.status, outcome.failures[0]) == (None, "failed", "type")
    assert f"has no result for {kinds}: it " in outcome.observation


@pytest.mark.parametrize("expression", ['-"a"', 'int("3,5")', 'float("1.204,75")', "lower(5)"])
def test_a_literal_without_a_result_is_a_fault(expression: str) -> None:
    """Whoever wrote it can write it otherwise."""
    outcome = rlmlite.execute(f"final({expression})", "text", trace=False)

    assert (outcome.status, outcome.failures[0]) == ("failed", "type")


def test_dates_are_subtracted_in_days() -> None:
    """As a reader expects of two dates; of texts that are none it is a fault."""
    outcome = rlmlite.execute('final(date("2026-03-01") - date("Feb 1, 2026"))', "text", trace=False)

    assert outcome.value == 28


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sum(h.n)", "`sum`: 3 of 3 values are not numbers and were left out, the first on line 1"),
        ("group(h, what, {t: sum(.n)})", "`sum(.n)`: 3 of 3 values are not numbers and were left out, the first on"),
        ("group(h, what, {m: max(.n)})", "`max(.n)`: texts that are numbers are compared as texts"),
        ("sort(h, by=.n)", "texts that are numbers are in the order of texts"),
        ("top(h, 2, by=n)", "texts that are numbers are in the order of texts"),
        ("max(h.n)", "`max`: texts that are numbers are compared as texts"),
        ("min([1, 2, h[0].n])", "`min`: values of several kinds are compared: numbers come before texts"),
        ("median(h.what)", "`median`: 3 of 3 values are not numbers"),
        ("avg([])", "`avg`: there are no values, so the result is null"),
        ("sum(h.doc)", "`sum`: all values are null, so the result is 0"),
        ("count(h[0].doc)", "`count` of null is 0"),
        ("map(h, count(.doc))", "`count(.doc)`: 3 of 3 values are null, which counts as 0"),
        ("avg([1e308, 1e308])", "`avg`: the result is too large for a decimal"),
        ("first(where(h, .line == 9))", "there are no rows, so `first` is null"),
        ("map(h, .what + .line)", "`.what + .line`: 3 of 3 have no result, the first on line 1 of context: it adds"),
        (
            "map(h, .line - .line % 0)",
            "`.line % 0`: 3 of 3 have no result, the first on line 1 of context: the",
        ),
        ("map(h, -.what)", "`-.what`: 3 of 3 values are not numbers"),
        ("map(h, div(.line, .line - 1))", "`div(.line, .line - 1)`: 1 of 3 have no result"),
        ("map(h, .groups[7])", "`.groups[7]`: 3 of 3 lists have no item at this index"),
        ("map(h, .line.size)", "`.line.size`: 3 of 3 values are not records, and have no fields"),
        ("map(h, {a: .line}.b)", "records have no field `b`"),
        ("map(h, .text[-99:2])", "`.text[-99:2]`: 3 of 3 slices reach outside"),
        ("where(h, .n > 5)", "`.n > 5`: 3 of 3 rows compared text with a number, which are never equal"),
        ("where(h, .line in h.n)", "rows compared text with a number"),
        ("where(h, .groups > 3)", "`.groups > 3`: 3 of 3 rows compared a whole list with one value"),
        ("where(h, (.line > 1) > 0)", "rows compared values of two kinds"),
        ("where(h, .line contains 1)", "rows compared values that hold nothing"),
        ("where(h, .line matches /1/)", "values are not text, so nothing matches"),
        ("map(h, upper(.line))", "`upper(.line)`: 3 of 3 values are not texts"),
        ("map(h, date(.what))", "`date(.what)`: 3 of 3 values gave no date"),
        ("map(h, str(.doc))", "`str(.doc)`: 3 of 3 values are null, which reads as nothing"),
        ('render(h, "{n}: {doc}")', "`{doc}`: 3 of 3 rows have nothing to fill it with"),
        ("join(h, extend(h, {n: int(.n)}), on=n)", "`join` compared text with a number, which are never equal"),
        ("join(h, extend(h, {n: null}), on=n)", "3 of 3 rows of the second argument have no key: null matches nothing"),
        ('{a: 1}["b"]', "the record has no such field"),
        ("sort(h, by=int(.what))", "`int(.what)`: 3 of 3 values are not whole numbers"),
        ("group(h, int(.what), {n: count()})", "`int(.what)`: 3 of 3 values are not whole numbers"),
    ],
)
def test_what_has_no_result_is_said(expression: str, message: str) -> None:
    """In one warning, with the count; the program goes on."""
    assert [each for each in said(f"{HITS}x = {expression}\nfinal(1)", CRATES) if message in each]


@pytest.mark.parametrize(
    "expression",
    [
        "sort(h, by=-what)",
        "where(h, int(.what) == null)",
        'map(h, pick(.what == "ropes", 0, int(.n)))',
        'map(h, pick(.what matches /[0-9]/, int(.what), "none"))',
        "map(h, case(.line > 9, int(.what), .line))",
        "map(h, null + .line)",
        "sum(map(h, int(.n)))",
        "map([{a: 1}, {b: 2}], .a)",
        "map([{r: {a: 1}}, {r: {}}], .r.a)",
    ],
)
def test_what_is_asked_for_or_thrown_away_is_not_said(expression: str) -> None:
    """A test for null, a value that `pick` does not choose, a field that some records lack."""
    assert said(f"{HITS}x = {expression}\nfinal(1)", CRATES) == []


def test_a_prompt_with_nothing_in_a_placeholder_is_said() -> None:
    """Once for all rows, and for what is the same in all prompts."""
    machine = Machine({"context": CRATES})
    program = 'd = h[0].doc\nx = extract_over_rows(h, "{d}?", {n: int}, batch=1)\ny = sub_lm("{d}?")'
    machine.turn(f"{HITS}{program}")

    assert {remark.code for remark in machine.state.remarks} >= {"hole_empty"}
    assert "`{d}` is null, so nothing stands in its place" in [remark.message for remark in machine.state.remarks]


def test_a_run_of_before_is_as_it_was() -> None:
    """Without the flag it is null, and nothing is said that was not said then."""
    machine = Machine({"context": CRATES}, flags=FLAGS.keys() - {NULLS_ARE_SAID})
    observation = machine.turn(f'{HITS}x = "n=" + 5\ny = group(h, what, {{t: sum(.n)}})\nz = int("3,5")')

    assert (machine.value("x"), machine.value("z")) == (None, 35)
    assert "!" not in observation
    assert machine.codes() == [""] * 4


EXPRESSIONS = [
    *(f".a {op} .b" for op in ("+", "-", "*", "%", "==", "<", ">=")),
    *(f".a {op} {value}" for op in ("+", "-", "*", "%", "<", "!=") for value in ("2", "0", "2.5", "1e308")),
    *(f".a {op} {value}" for op in ("==", "<", "!=") for value in ('"12"', "true", "null")),
    "-.a",
    "int(.a)",
    "int(.a) + int(.b)",
    "int(.a) == null",
    "float(.a) * 2",
    "div(.a, .b)",
    ".a > 1 and int(.b) > 2",
    ".a == 1 or .b + 1 > 2",
    ".a[0:2]",
    ".a[1]",
    ".a.x",
    ".a matches /1/",
    '.a contains "1"',
    ".a in [1, 2]",
    '[1, "a"] contains .a',
    "pick(.a matches /^[0-9]+$/, int(.a), .b)",
    "case(.a == null, int(.b), .a > 1, .b * 2, 0)",
    "lower(.a)",
    "str(.a)",
    "date(.a)",
]
PROGRAMS = [
    *(f"x = map(table, {expression})" for expression in EXPRESSIONS),
    *(f"x = where(table, {expression})" for expression in EXPRESSIONS),
    *(f"x = {fold}(table.a)" for fold in ("sum", "avg", "min", "max", "median")),
    *(f"x = group(table, .b, {{f: {fold}(.a)}})" for fold in ("sum", "avg", "min", "max", "median")),
    "x = group(table, .b, {f: sum(.a * 2), g: max(int(.a))})",
    "x = percentile(table.a, 50)",
    "x = sort(table, by=[-int(.a), b])",
    "x = top(table, 2, by=.a + .b)",
    "x = count_by(table, int(.a))",
    "x = extend(table, {c: int(.a), d: .a - 1})",
    'x = render(table, "{a}:{b}")',
    "x = join(table, table, on=a)",
]
"""Programs over rows {a, b}, with everything that may have no result."""


def heard(rows: list[dict[str, Any]], program: str, many: int) -> tuple[Any, ...]:
    """What a program gives and says where so many rows are whole columns."""
    with columns_from(many):
        machine = Machine({"rows": rows})
        observation = machine.turn(f"table = map(rows, {{a: .a, b: .b}})\n{program}")
        kept = machine.state.variables.get("x")
        return observation, machine.codes(), None if kept is None else kept.ref, machine.state.remarks


@settings(max_examples=scale(250))
@given(tables(least=1), st.sampled_from(PROGRAMS))
@example([{"a": 2**53, "b": 0}, {"a": 1e308, "b": 1e308}], "x = map(table, .a + .b)")
@example([{"a": 7, "b": 0}, {"a": 7, "b": None}], "x = map(table, .a % .b)")
@example([{"a": "12", "b": 1}, {"a": "x", "b": 1}], "x = map(table, int(.a))")
def test_columns_and_rows_say_the_same(rows: list[dict[str, Any]], program: str) -> None:
    """The same warnings, counts, examples and places, whichever way the rows are evaluated."""
    assert heard(rows, program, 1) == heard(rows, program, 10**9)


LINES = st.lists(
    st.sampled_from(["a 12", "b 7", "a 1,204", "b n/a", "a -3", "c 9.5", "no form", "b 99999999999999999999", "a 0"]),
    min_size=20,
    max_size=60,
)
OF_LINES = [
    "x = map(p, int(.n))\ny = sum(x)",
    "x = extend(p, {m: int(.n)})\ny = group(x, k, {s: sum(.m), m: max(.n), a: avg(.n)})",
    "x = where(p, int(.n) > 5)\ny = count(x)",
    "x = where(p, .n > 5)\ny = count(x)",
    "x = top(p, 3, by=int(.n))\ny = count(x)",
    "x = sort(p, by=-int(.n))\ny = count(x)",
    "x = count_by(p, int(.n))\ny = count(x)",
    "x = sum(p.n)\ny = median(p.n)",
    "x = group(p, k, {s: sum(.n), q: median(.n), l: min(.n)})\ny = 1",
    "x = map(p, .k[0:5])\ny = 1",
    "x = distinct(p, by=.n + 1)\ny = 1",
]


@settings(max_examples=scale(60))
@given(LINES, st.sampled_from(OF_LINES))
def test_blocks_of_lines_say_what_rows_say(lines: list[str], program: str) -> None:
    """Counts are whole across blocks and keys, and the first example is the first of all."""

    def remarks(size: int) -> list[StepRemark]:
        with lines_from(size, block=64):
            machine = Machine({"context": "\n".join(lines)})
            machine.turn(f'p = parse_lines(context, "{{k}} {{n}}")\n{program}')
            assert set(machine.codes()) == {""}
            return sorted(machine.state.remarks)

    assert remarks(1) == remarks(1 << 60)
