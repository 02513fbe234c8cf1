"""Lines of a block, and what a form finds in them: by a call for each line, over Arrow, and as a search finds it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.lines import groups as line_groups
from rlmlite_kernel.engines.lines.arrow_groups import arrow, can_run, run_form
from rlmlite_kernel.engines.lines.blocks import LineBounds, cut_blocks, line_bounds
from rlmlite_kernel.engines.lines.forms import certain_groups, spell_for_groups
from rlmlite_kernel.engines.lines.literals import lines_with
from rlmlite_kernel.engines.query.query import Matcher, compile_query, regex
from rlmlite_kernel.engines.search.find import find
from rlmlite_kernel.engines.search.tally import MANY

PATTERNS = (
    r"(\w+)\s*$",
    r"^(?P<a>\d*)$",
    r"([^,]*),(.*)",
    r"(?i)error (\W+)",
    r"a|(b)",
    r"x*",
    r"(\D+)(\d)?",
    r"[\s,]+(\S)",
    r"[\s-](.)",
    r"\bfoo\b",
    r"^$",
    r"(é|ü)+(.)?",
    r"([a-z\t-]+)$",
    r"[[:alpha:]]+ (.)",
    r"\z",
    r"\A(.)",
    r"(a)|(b)|(c)",
    r'(?P<q>[^"]*)"',
    r"(\s)",
    r"[^\S]x?",
    r"(?U)(a+)(.*)",
    r"((a)(b)?)+",
    r"\Q(a\E(b)",
    r"(\x61|\t)(.)",
    r"[^\D](.)",
    r"(?-s:.)+(c)",
)
TEXTS = st.lists(
    st.sampled_from(
        ["a", "b", "c", " ", "\t", "\r", "foo", "12", "é", "ü", ",", '"', "Error !", "\n", "x", "-", "\x0b", "(a"]
    ),
    max_size=60,
).map("".join)


def _as_searched(content: bytes, bounds: LineBounds, matcher: Matcher, groups: tuple[int, ...]) -> list[object]:
    """The first match of each line in one search of all of them."""
    result = find(content, matcher, 0, len(content), MANY)
    lines: list[object] = [None] * len(bounds.starts)
    for match, start in reversed(list(enumerate(result.starts.tolist()))):
        line = int(np.searchsorted(bounds.starts, start, side="right")) - 1
        lines[line] = [tuple(int(side[match]) for side in result.groups[number - 1]) for number in groups]
    return lines


def _listed(found: line_groups.FoundGroups, groups: tuple[int, ...]) -> list[object]:
    """For each line the spans of the groups, None for one that does not match."""
    return [
        [tuple(int(side[line]) for side in found.groups[number]) for number in groups] if matches else None
        for line, matches in enumerate(found.matches.tolist())
    ]


@given(TEXTS, st.sampled_from(PATTERNS), st.data())
def test_a_form_finds_the_same_however_it_is_run(text: str, pattern: str, data: st.DataObject) -> None:
    """In a search, with a call for each line, and over Arrow: for all lines, and for some of them in any order."""
    content, matcher = bytes(newline_view(text.encode())), compile_query(regex(pattern))
    bounds = line_bounds(content, 0, len(content))
    groups = tuple(number for number in range(1, matcher.groups + 1) if data.draw(st.booleans()))
    expected = _as_searched(content, bounds, matcher, groups)

    assert _listed(line_groups._search_lines(content, bounds, matcher, groups), groups) == expected
    lines = np.array(data.draw(st.lists(st.integers(0, max(0, len(expected) - 1)))), np.int64)[: len(expected) * 3]
    some = line_groups.find_groups(content, bounds, matcher, groups, lines if len(expected) else lines[:0])
    assert _listed(some, groups) == ([expected[line] for line in lines.tolist()] if expected else [])
    form = spell_for_groups(matcher, groups)
    if form is not None and expected and can_run(bounds, True):
        assert _listed(line_groups.FoundGroups(*run_form(content, bounds, None, form, groups)), groups) == expected


def test_arrow_runs_most_forms() -> None:
    """Of the forms above, only the one with a class of Unicode letters is left to the slow way."""
    assert arrow() is not None
    forms = {pattern: spell_for_groups(compile_query(regex(pattern)), ()) for pattern in PATTERNS}
    assert [pattern for pattern, form in forms.items() if form is None] == [r"[[:alpha:]]+ (.)"]


@given(TEXTS, st.integers(1, 30))
def test_blocks_are_whole_lines_and_lose_nothing(text: str, size: int) -> None:
    """Each ends after a newline or with the text, and their lines are those of the text."""
    content = bytes(newline_view(text.encode()))
    blocks = list(cut_blocks(content, 0, len(content), size))

    assert b"".join(content[start:stop] for start, stop in blocks) == content
    assert all(content[stop - 1] == 10 for _, stop in blocks[:-1])
    lines = [
        content[a:b]
        for start, stop in blocks
        for a, b in zip(*map(np.ndarray.tolist, line_bounds(content, start, stop)[:2]), strict=True)
    ]
    assert lines == ([line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n")] if content else [])


@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("whole_lines", [True, False])
def test_a_long_line_is_searched_as_a_search_does(length: int, whole_lines: bool) -> None:
    """By Arrow or by the slow way; before `WHOLE_LINES` it was cut, and counted."""
    content = b"ab 1\n" * 100 + b"x" * length + b" 12\nab 3\n"
    matcher = compile_query(regex(r"(\w+) (\d+)"), whole_lines=whole_lines)
    bounds = line_bounds(content, 0, len(content))
    found = line_groups.find_groups(content, bounds, matcher, (1, 2))
    expected = _as_searched(content, bounds, matcher, (1, 2))

    assert _listed(found, (1, 2)) == expected
    assert found.cut_lines == find(content, matcher, 0, len(content), MANY).cut_windows


@given(TEXTS, st.lists(st.sampled_from([b"a", b"foo", b"12", b"x-", "é".encode(), b"a\nb"]), min_size=1, unique=True))
def test_lines_with_literals_are_those_that_hold_one(text: str, literals: list[bytes]) -> None:
    """Each once, in their order; where more than a quarter of them may be some, nothing is said."""
    content = (text + "\n" * 40).encode()
    bounds = line_bounds(content, 0, len(content))
    lines = [content[start : stop + 1] for start, stop in zip(*map(np.ndarray.tolist, bounds[:2]), strict=True)]
    found = lines_with(content, bounds, literals)

    if found is None:
        assert 4 * sum(content.count(literal) for literal in literals) > len(lines)
    else:
        holding = [number for number, line in enumerate(lines) if any(literal in line for literal in literals)]
        # A literal with a newline begins in a line that does not hold it: one line too many is no harm.
        assert set(holding) <= set(found.tolist())
        assert found.tolist() == sorted(set(found.tolist()))
        assert b"a\nb" in literals or found.tolist() == holding


@pytest.mark.parametrize(
    ("pattern", "certain"),
    [
        (r"^(\S+) (?P<level>\w+) took (\d+)", {1, 2, 3}),
        (r"(a)(b)?(c|(d))", {1, 3}),
        (r"(a)|(b)", set()),
        (r"(?:(a)|b)(c)", {2}),
        (r"((a)(b)*)+", {1, 2}),
        (r"(?:(a)(b){0,2}){2}(c){0}", {1}),
        (r"(?i)(a|b)(?i:(c))", {1, 2}),
        (r"\((a)\)[(](b)[)?]\Q)?\E(c)??", {1, 2}),
    ],
)
def test_certain_groups_are_outside_of_all_that_may_be_left_out(pattern: str, certain: set[int]) -> None:
    """No alternative, and nothing with `?`, `*` or `{0,n}` around or behind them."""
    assert certain_groups(compile_query(regex(pattern))) == certain


@given(TEXTS, st.sampled_from(PATTERNS))
def test_certain_groups_are_in_every_match(text: str, pattern: str) -> None:
    """Whatever the form: where a line matches, none of them is missing."""
    content, matcher = text.encode(), compile_query(regex(pattern))
    groups = tuple(sorted(certain_groups(matcher)))
    found = line_groups.find_groups(content, line_bounds(content, 0, len(content)), matcher, groups)

    assert all(bool((found.groups[number][0] >= 0)[found.matches].all()) for number in groups)
