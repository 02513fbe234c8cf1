"""Outages: steps that the machine could not finish, though nothing is wrong with the program.

Memory ran out, a parser crashed, a person gave the turn up. Whether that happens is no function of program and inputs,
so it is data of the run, as the results of calls are: the live run finds it out, the record has it as the step's code,
and a replay is told (`advance(..., outages=...)`) and does not execute the step.

    live      step 5 raises MemoryError           failed, `out_of_memory`, charged: 1 step       step 6 goes on
    replay    outages={5: Outage(OUT_OF_MEMORY)}  the same record, without executing step 5      step 6 goes on

What such a step leaves behind is only what a replay can tell without executing it. It writes nothing. Its calls are
paid for, so they stay: `Outage.calls` says how many had results, and a replay makes as many of them again from the
record before it ends the step. The work that it did (`Outage.work`) stays charged, so that running out of memory over
and over is not free; like the code, a replay takes that amount from the record.

A step that is *shown* late, when others have used its value already, cannot fail any more. Then it keeps its value, and
only what it would have shown is lost (`Outage.is_unshown`).
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from rlmlite_kernel.faults import ABANDONED, CRASHED, OUT_OF_MEMORY, CrashedError
from rlmlite_kernel.records.records import Step

MESSAGES: Final = {
    OUT_OF_MEMORY: "this machine has not enough memory for it; work on less at a time, or on fewer fields",
    CRASHED: "a library that read a text did not survive it; leave that text out",
    ABANDONED: "the turn was given up before this was done",
}
"""What the observation says of each code. Fixed words: they must not depend on where the step ended."""

UNSHOWN: Final = "ok, but memory ran out before it could be shown; show a part of it"
"""What stands in place of a value that could not be shown."""


class Outage(NamedTuple):
    """How a step ended by an outage: the code, how many of its calls had results by then, and the work charged for it.

    `is_unshown`: it was executed and has its value, and only showing it failed.
    """

    code: str
    calls: int = 0
    work: Mapping[str, int] = {}
    is_unshown: bool = False


class AbandonedAfter(Mapping[int, Outage]):
    """Outages as they are known up to the step `last`, or of none; every later step is abandoned."""

    def __init__(self, known: Mapping[int, Outage], last: int | None) -> None:
        self._known, self._last = known, last

    def __getitem__(self, number: int) -> Outage:
        is_later = self._last is None or number > self._last
        return Outage(ABANDONED) if is_later else self._known[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def recorded_outage(step: Step) -> Outage | None:
    """The outage that a record tells of, if it does."""
    if step.status == "failed" and step.code in MESSAGES:
        return Outage(step.code, 0 if step.effects is None else step.effects.n, step.used)
    # A step that went well and was not shown has a warning instead of a code.
    if step.status == "ok" and any(each.code == OUT_OF_MEMORY for each in step.warnings):
        return Outage(OUT_OF_MEMORY, is_unshown=True)
    return None


def code_of(error: MemoryError | CrashedError) -> str:
    """The code of an error that ends a step but is no mistake of the program."""
    return CRASHED if isinstance(error, CrashedError) else OUT_OF_MEMORY
