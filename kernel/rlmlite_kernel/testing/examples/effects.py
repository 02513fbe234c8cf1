"""What calls come to, for Hypothesis to draw: answers by the kind of the call, failures, usage that nobody knows.

A schedule is a list of turnouts. Which of them a call gets depends on the call's id alone, so it is the same in
whatever order calls are made, and in a replay (`play.simulator`).

    Turnout(text="no idea")                      a model says this; a tool gives it as JSON; an approver says no
    Turnout(failure="timeout", usage=Usage(9))   every call fails, and nine tokens are charged
"""

import json
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from rlmlite_kernel.effects.requests import Answered, EffectKind, Failed, Failure, Result, Usage
from rlmlite_kernel.program.action_table import Kind
from rlmlite_kernel.testing.examples.values import DOCUMENT_TEXTS, DOCUMENTS, LISTS, SCALARS, TEXTS, VALUES, tables

FAILURES: tuple[Failure, ...] = get_args(Failure)
"""Every reason for which a call has no answer."""


class Turnout(msgspec.Struct, frozen=True):
    """What a call comes to: `failure`, or what it says by its kind.

    `text` is a model's reply, `value` what a tool or a nested run gives, `approved` what an approver says, `time_ms`
    what a clock shows.
    """

    failure: Failure | None = None
    text: str = "yes"
    value: Any = None
    approved: bool = True
    time_ms: int = 0
    usage: Usage = Usage()

    def result(self, kind: EffectKind) -> Result:
        """The result of a call of this kind."""
        if self.failure is not None:
            return Failed(self.failure, self.usage)
        return Answered(self._said(kind), self.usage)

    def _said(self, kind: EffectKind) -> str:
        if kind == "lm":
            return self.text
        said = {"approve": {"approved": self.approved}, "clock": self.time_ms}.get(kind, self.value)
        return json.dumps(said)


_COUNTS = st.none() | st.integers(0, 50)
USAGES = st.builds(Usage, _COUNTS, _COUNTS, _COUNTS)
"""What a provider says that a call has used; of each figure perhaps nothing."""

REPLIES = st.one_of(
    st.sampled_from(["yes", "", "I think so.", '{"n": 3}', '{"a": "x", "b": [1]}', "[1, null]", "3", "é\U0001f600"]),
    st.lists(st.sampled_from(['"n"', "{", "}", ":", "1", ",", "[", "]", "é", " "]), max_size=6).map("".join),
)
"""What models say: words, JSON of the form that was asked for, JSON of another, and what is nearly JSON."""

TURNOUTS = st.builds(
    Turnout,
    failure=st.one_of(st.none(), st.none(), st.none(), st.sampled_from(FAILURES)),
    text=REPLIES,
    value=VALUES,
    approved=st.booleans(),
    time_ms=st.integers(0, 2**42),
    usage=USAGES,
)
"""Calls of which about one in four fails."""

SCHEDULES = st.lists(TURNOUTS, min_size=1, max_size=6).map(tuple)
"""What the calls of a run come to."""

TOOL_VALUES: "Mapping[Kind, st.SearchStrategy[Any]]" = {
    "any": VALUES,
    "target": DOCUMENT_TEXTS,
    "rows": tables() | LISTS,
    "query": TEXTS,
    "text": TEXTS,
    "int": st.integers(-3, 2**53),
    "bool": st.booleans(),
    "key": SCALARS,
    "word": TEXTS,
}
"""What a tool gives that a later step takes as an argument of a kind; the other kinds are written in programs only."""

INPUTS: "st.SearchStrategy[dict[str, Any]]" = st.fixed_dictionaries(
    {
        "text": DOCUMENT_TEXTS,
        "docs": DOCUMENTS,
        "rows": tables(),
        "items": LISTS,
        "thing": VALUES,
        "words": st.lists(TEXTS, max_size=4),
    }
)
"""The inputs of a run, of every kind, under the names that generated programs read."""
