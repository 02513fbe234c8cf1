"""No program takes more memory than a small multiple of `value_bytes`, whatever it does with rows and texts."""

import pytest

from rlmlite_kernel import Limits
from tests.guard.work.bounded import CONSTANT, MEMORY_PER_VALUE_BYTE, SEARCH_WORK, VALUE_BYTES, measure_peak, prepare
from tests.sizes import with_the_rest_slow

TEXT = "".join(f"line {number} the quick brown fox ERROR jumps\n" for number in range(1_000))
"""Forty kilobytes."""

ONE_LINE = "[" + ",".join(f'{{"level":"ERROR","id":{number}}}' for number in range(4_000)) + "]"
"""A hundred kilobytes in one line, with an ERROR in each record."""

REFERENCES = "refs = map(range(1500), big)\n"
SLICES = "refs = map(range(1500), big[.value:])\n"
HITS = 'refs = search(big, "e", limit=1500)\n'

OVER_ROWS = (
    'x = where(refs, .value contains "zebra")',
    "x = where(refs, .value == big)",
    "x = where(refs, .value in refs)",
    "x = distinct(refs)",
    "x = sort(refs)",
    "x = top(refs, 3)",
    "x = count_by(refs)",
    "x = group(refs, .value, {n: count(), m: max(.value)})",
    "x = join(refs, refs, on=.value)",
    "x = minus(refs, refs)",
    "x = union(refs, refs)",
    "x = zip(refs, refs)",
    "x = to_object(refs, .value, .value)",
    'x = render(refs, "{value}")',
    "x = map(refs, lower(.value))",
    'x = map(refs, .value + "a")',
    "x = map(refs, int(.value))",
    "x = map(refs, [.value, .value])",
    "x = map(refs, {a: str(.value)})",
    "x = str(refs)",
    "x = max(refs)",
    "x = flatten([refs, refs, refs])",
    'x = replace(big, "e", "eeeeeeeeeeeeeeeeeeee")',
    "x = parse_lines(refs, /(?<a>.)(?<b>.)(?<c>.)/)",
    "x = chunk(refs, size=1)",
    "x = patterns(refs)",
    'x = search(refs, "e")',
)


def assert_bounded(program: str, inputs: dict[str, object]) -> None:
    seen = measure_peak(program, prepare(inputs))

    assert seen.peak <= MEMORY_PER_VALUE_BYTE * VALUE_BYTES + CONSTANT, f"{seen.peak:,} bytes: {seen.observation}"
    assert set(seen.codes) <= {"", "too_large", "budget", "depends", "type"}, seen.observation


@pytest.mark.parametrize("rows", with_the_rest_slow([REFERENCES, SLICES, HITS], [REFERENCES]))
@pytest.mark.parametrize(
    "program", with_the_rest_slow(OVER_ROWS, (each for each in OVER_ROWS if "parse_lines" not in each))
)
def test_rows_of_long_texts_take_no_memory(rows: str, program: str) -> None:
    """Thousands of references to one long text are a fault, or share what they refer to."""
    assert_bounded(rows + program, {"big": TEXT})


@pytest.mark.parametrize(
    "program",
    [
        "x = [1]\n" + "x = [x, x]\n" * 30,
        "x = {a: 1}\n" + "x = {a: x, b: x}\n" * 30,
        "x = [1]\n" + "x = x + x\n" * 20,
        'x = "aaaaaaaaaa"\n' + "x = x + x\n" * 25,
        'x = "aaaaaaaaaa"\n' + 'x = render([1], "{x}{x}")\n' * 25,
        'x = "aaaaaaaaaa"\n' + 'x = replace(x, "a", "aa")\n' * 25,
        "x = range(10)\n" + "x = map(range(10), x)\n" * 30,
        "x = range(10)\n" + "x = union(x, x)\n" * 25,
        "x = range(9)\n" + "x = map([1, 2, 3], [x, x, x])\n" * 30,
    ],
)
def test_what_doubles_ends_in_a_fault(program: str) -> None:
    """A value that refers to itself twice is charged as the tree that a reader walks, and is soon too large."""
    limits = Limits(value_bytes=100_000, search_work=SEARCH_WORK)
    seen = measure_peak(program, prepare({}, limits=limits))

    assert {"too_large", "budget"} & set(seen.codes), seen.observation
    assert seen.peak < CONSTANT


@pytest.mark.parametrize(
    "program",
    [
        "x = count_by(hits, .text)",
        "x = sort(hits, by=text)",
        "x = distinct(hits)",
        "x = distinct(hits, by=.text)",
        "x = group(hits, .text, {n: count()})",
        "x = join(hits, hits, on=text, limit=100)",
        "x = to_object(hits, .text, .line)",
        'x = where(hits, .text contains "zebra")',
    ],
)
def test_hits_on_one_long_line_share_it(program: str) -> None:
    """The text of each hit is its line, here the whole file: the rows share one string, and the result is right."""
    prepared = 'hits = search(context, "ERROR", limit=2000)\n'
    seen = measure_peak(prepared + program, prepare({"context": ONE_LINE}))

    assert set(seen.codes) == {""}, seen.observation
    assert seen.peak < 4 * VALUE_BYTES
