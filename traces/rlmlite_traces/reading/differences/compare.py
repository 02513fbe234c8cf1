"""Compare: two traces, from the first thing that differs to what came of it.

    beginning      limits.turns: 30 | 5
    diverge at     turn 2, program
    programs       turn 2, as a unified diff
    budgets        sub_calls: 12 | 40
    coverage       log: read 12,000 | 40,000
    answer         "disk" | "mail"

Runs are compared by what was said and done. Hashes, salts and ids are of each run alone.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import zip_longest

import msgspec

from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces.reading.differences.happenings import Fact, Happening, beginning_of, ending_of, happenings_of
from rlmlite_traces.reading.parts.chapters import TurnStory
from rlmlite_traces.reading.story import Story

_ENDED = "nothing: it has ended"


class Pair(msgspec.Struct, frozen=True):
    """What one trace has, and what the other."""

    a: str
    b: str


class Divergence(msgspec.Struct, frozen=True):
    """The first place at which two runs differ: where each of them was, and what it was about."""

    place: str
    field: str
    a: str
    b: str


class Difference(msgspec.Struct, frozen=True):
    """How two traces differ. `uncompared` are facts whose content one of them does not have.

    `programs` are unified diffs by turn; `coverage` has bytes shown, read and scanned of each input.
    """

    beginning: dict[str, Pair]
    divergence: Divergence | None
    programs: dict[int, str]
    budgets: dict[str, Pair]
    coverage: dict[str, Pair]
    ending: dict[str, Pair]
    uncompared: int = 0

    @property
    def is_none(self) -> bool:
        """Whether they say the same, as far as it could be compared."""
        return not (self.beginning or self.divergence or self.programs or self.budgets or self.coverage or self.ending)


def compare(a: Story, b: Story) -> Difference:
    """How two traces differ."""
    divergence, uncompared = _diverge(a, b)
    return Difference(
        beginning=_pairs(beginning_of(a), beginning_of(b)),
        divergence=divergence,
        programs=dict(_programs(a, b)),
        budgets=_pairs(_budgets(a), _budgets(b)),
        coverage=_pairs(_coverage(a), _coverage(b)),
        ending=_pairs(_end(a), _end(b)),
        uncompared=uncompared,
    )


def _pairs(a: Mapping[str, Fact], b: Mapping[str, Fact]) -> dict[str, Pair]:
    """What differs of two tables of facts. What is not here is compared with nothing."""
    names = [*a, *(name for name in b if name not in a)]
    both = {name: (a.get(name, ""), b.get(name, "")) for name in names}
    return {
        name: Pair(here, there)
        for name, (here, there) in both.items()
        if here is not None and there is not None and here != there
    }


def _diverge(a: Story, b: Story) -> tuple[Divergence | None, int]:
    """The first difference, and how many facts before it could not be compared."""
    ended = Happening("", "", None)
    uncompared = 0
    for here, there in zip_longest(happenings_of(a), happenings_of(b), fillvalue=ended):
        if here[:2] != there[:2]:
            place = here.place or there.place
            return Divergence(place, "what happened", _describe(here), _describe(there)), uncompared
        if here.fact is None or there.fact is None:
            uncompared += here.fact is not there.fact
        elif here.fact != there.fact:
            return Divergence(here.place, here.field, here.fact, there.fact), uncompared
    return None, uncompared


def _describe(happening: Happening) -> str:
    if not happening.place:
        return _ENDED
    return f"{happening.place}, {happening.field}: {happening.fact or ''}"


def _programs(a: Story, b: Story) -> Iterator[tuple[int, str]]:
    here, there = _texts(a), _texts(b)
    for turn in sorted({*here, *there}):
        old, new = here.get(turn, ""), there.get(turn, "")
        if old is not None and new is not None and old != new:
            lines = difflib.unified_diff(old.split("\n"), new.split("\n"), "a", "b", lineterm="", n=2)
            yield turn, "\n".join(lines)


def _texts(story: Story) -> dict[int, Fact]:
    turns = (each for each in story.chapters() if isinstance(each, TurnStory) and each.program is not None)
    return {turn.turn: None if turn.program is None or turn.program.absence else turn.program.text for turn in turns}


def _budgets(story: Story) -> dict[str, Fact]:
    used: Counter[str] = Counter()
    for record in story.trace.records:
        if isinstance(record, Turn | Step):
            used.update(record.used)
    return {name: f"{used[name]:,}" for name in sorted(used)}


def _coverage(story: Story) -> dict[str, Fact]:
    totals = {each.name: (0, 0, 0) for each in story.inputs}
    for record in story.trace.records:
        if isinstance(record, Step):
            totals |= record.coverage
    return {
        name: f"shown {shown:,}, read {read:,}, scanned {scanned:,}" for name, (shown, read, scanned) in totals.items()
    }


def _end(story: Story) -> dict[str, Fact]:
    facts = {each.field: each.fact for each in ending_of(story)}
    return facts or {"outcome": "open"}
