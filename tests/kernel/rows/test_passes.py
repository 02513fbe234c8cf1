"""Passes over lines that share what they find, or look at some of the lines only: nobody can tell."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.actions.rows.lines import candidates
from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray
from rlmlite_kernel.engines.lines import groups as line_groups
from rlmlite_kernel.engines.lines.blocks import LineBounds, line_bounds
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.lines import block_lines, finds
from rlmlite_kernel.values.lines.finds import Finds, FoundGroups
from rlmlite_kernel.values.lines.source import LineBlock, Selection
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from

_MAKE = r"p = parse_lines(context, /^(?<day>\S+) (?<level>\w+) (?<user>\w+)(?: took (?<ms>-?\d+))?(?: (?<rest>.*))?$/)"
_CONDITIONS = (
    '.level == "ERROR"',
    '"ERROR" == .level',
    '.level in ["FATAL", "ERROR"]',
    '.level == "ERROR" and .user != "user3"',
    '.user not in ["user3"] and (.level == "FATAL" or .user == "user7")',
    'not (.level != "ERROR")',
    '.level == ""',
    '.ms == "17"',
    '.nosuch == "ERROR"',
    '.level == "ERROR" and .ms > 50',
    '.level == "ERROR" and .rest matches /é/',
    '.level == "ERROR" or .line < 9',
    ".level == 3",
    '.text contains "FATAL"',
    '.level == "FATAL" and .rest contains "ERROR"',
)
_THEN = """
e = extend(w, {took: int(.ms), near: .line - 1})
g = group(e, .user, {n: count(), total: sum(.took), mean: avg(.near), q: percentile(.near, 90), m: max(.ms)})
v = where(e, .user == "user7")
t = [count(v), top(v, 3, by=.line), count_by(where(p, .user == "user1"), .day), p[3], count_by(w, .rest)]
u = where(p.unmatched, .text contains "ERROR")
final(t, evidence=v)
"""


def _log(seed: int, lines: int = 5_000) -> str:
    draw, made = random.Random(seed), list[str]()
    for line in range(lines):
        if draw.random() < 0.03:
            made.append(draw.choice(["", "ERROR", "no form: ERROR!", "x" * 300, "FATAL é"]))
            continue
        level = draw.choices(["INFO", "ERROR", "FATAL"], [20, 2, 1])[0]
        took = draw.choice(["", f" took {draw.randrange(100)}", f" took -{line}", " ERROR é", " took 7 ERROR in FATAL"])
        made.append(f"2026-03-{line % 28 + 1:02d} {level} user{draw.randrange(9)}{took}")
    return "\n".join(made)


@pytest.mark.parametrize("condition", _CONDITIONS)
def test_what_passes_share_changes_no_record(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, warnings, charges, evidence and refs are those of passes that know of nothing: byte for byte."""
    log, program = _log(_CONDITIONS.index(condition)), f"{_MAKE}\nw = where(p, {condition}){_THEN}"
    with lines_from(0, 100_000):
        # So little work is free that each charge shows.
        shared = Machine({"context": log}, limits=Limits(search_work=100_000_000))
        shared.turn(program)
        monkeypatch.setattr(candidates, "literals_of", lambda cond, lines: None)
        monkeypatch.setattr(finds, "_ROOM_FOR_ENDS", 0)
        monkeypatch.setattr(finds, "_ROOM_FOR_GROUPS", 0)
        alone = Machine({"context": log}, limits=Limits(search_work=100_000_000))
        alone.turn(program)
    assert alone.ran() == shared.ran()


def test_a_condition_on_a_text_looks_at_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only lines that hold the text are searched for the group, and the later statements search none again."""
    seen: list[tuple[int, tuple[int, ...]]] = []

    def watch(
        content: Buffer, bounds: LineBounds, form: Matcher, groups: tuple[int, ...], lines: IntArray | None
    ) -> line_groups.FoundGroups:
        seen.append((-1 if lines is None else len(lines), groups))
        return line_groups.find_groups(content, bounds, form, groups, lines)

    monkeypatch.setattr(block_lines, "find_groups", watch)
    log = "".join(f"{'ERROR' if line % 10 == 0 else 'INFO'} user{line % 7} {line} ms\n" for line in range(4_000))
    with lines_from(0, 1 << 20):
        machine = Machine({"context": log})
        machine.turn(
            'p = parse_lines(context, "{level} {user} {ms} ms")\n'
            'e = extend(where(p, .level == "ERROR"), {took: int(.ms)})\n'
            "g = group(e, .user, {total: sum(.took)})"
        )
    assert machine.codes() == ["", "", "", ""]
    # Beside the first thousand, which tell of fields that are empty, and those near to what the observation shows.
    assert [call for call in seen if call[0] not in (1_000, 256)] == [(400, (1, 2, 3))]


@given(
    st.lists(st.sampled_from(["", "a", "bb", "x" * 300]), max_size=30),
    st.lists(st.sampled_from(["\n", "\r\n"]), min_size=1, max_size=2),
    st.booleans(),
    st.integers(0, 5),
)
def test_ends_of_lines_are_given_as_they_were_found(
    lines: list[str], ends: list[str], is_open: bool, start: int
) -> None:
    """Whatever their lengths and ends, and whether the last line has one; unless all ends are alike, none is kept."""
    text = "".join(line + ends[number % len(ends)] for number, line in enumerate(lines)) + "open" * is_open
    content = b"\n" * start + text.encode()
    for whole_lines in (True, False):
        known, place = Finds(), ("blob", start, len(content))
        expected = line_bounds(content, start, len(content), whole_lines)
        if len(expected.starts):
            known.keep_bounds(place, expected)
        found = known.bounds(place, content, not whole_lines)
        assert [side.tolist() for side in found[:2]] == [side.tolist() for side in expected[:2]]
        assert found.end == expected.end
        if len(set(ends)) == 1 and len(expected.starts):
            assert known.bounds(place, b"\0" * len(content)).starts.tolist() == expected.starts.tolist()


def test_groups_make_room_for_newer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are given as they were found, null and all. The oldest go first; what is too large alone is not kept."""
    monkeypatch.setattr(finds, "_ROOM_FOR_GROUPS", 100)
    known, selections = Finds(), [Selection([None], [5]) for _ in range(3)]
    lines = np.arange(0, 500, 100)
    spans = Spans(("b",), np.where(lines == 200, -1, lines + 3), np.where(lines == 200, -1, lines + 40))
    block, texts = LineBlock("b", None, 0, 500, 1, 20), Spans(("b",), lines, lines + 50)
    for selection in selections:
        found = FoundGroups()
        for number in range(2):
            known.keep(found, number, block, texts, {1: spans})
        known.assign(found, selection)
    # For each block ten numbers of 16 bits. Its rows are not so few that their lines are kept too.
    assert [known.groups(selection) is None for selection in selections] == [True, False, False]
    newest = known.groups(selections[-1])
    assert newest is not None
    assert [side.tolist() for side in newest.places(1, 1, lines)] == [spans.starts.tolist(), spans.stops.tolist()]
    large = FoundGroups()
    known.keep(large, 0, block, texts, dict.fromkeys(range(1, 9), spans))
    assert 0 < large.size <= 100


def test_lines_of_few_rows_are_kept_too() -> None:
    """So that nobody has to go through the lines of all rows to find them."""
    lines, known, found = np.array([700_000, 900_000]), Finds(), FoundGroups()
    block = LineBlock("b", None, 500_000, 1_000_000, 1, 9)
    known.keep(found, 3, block, Spans(("b",), lines, lines + 70_000), {})
    places = found.lines(3, block.start)
    assert places is not None
    assert [side.tolist() for side in places[:2]] == [[700_000, 900_000], [770_000, 970_000]]


def test_a_group_over_blocks_says_what_its_folds_left_out() -> None:
    """Texts in a sum are counted over all blocks and keys; that the largest is one of texts is said too."""
    log = "".join(f"crate {line} holds {line % 50} {'lamps' if line % 2 else 'ropes'}\n" for line in range(4_000))
    with lines_from(0, 1 << 14):
        machine = Machine({"context": log})
        machine.turn(
            'h = parse_lines(context, "crate {c} holds {n} {what}")\n'
            "g = group(h, .what, {total: sum(.n), largest: max(.n)})"
        )

    said = {remark.code: remark.n for remark in machine.state.remarks}
    assert said["not_numbers"] == 4_000
    assert "texts_ordered" in said
