"""What a turn was begun with, and what it was resumed with so far: enough to be at the same place again.

A turn that waits for calls is a web of steps and of functions that wait, and has no form as bytes. It needs none: the
same state, program and results give the same turn everywhere (see `run.machine`).

    advance(state, program)    suspended    past: state, program, no results
    resume(turn, [a, b])       suspended    past: the same, and [a, b]
    elsewhere                  advance(state, program), resume with [a, b]: the same requests wait again
"""

from collections.abc import Sequence

import msgspec

from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.records.records import Spoken
from rlmlite_kernel.run.steps.state import State


class TurnPast(msgspec.Struct, frozen=True, eq=False):
    """The arguments of `advance`, and of each `resume` since. `is_whole`: these are all that decided how it went on."""

    state: State
    said: Parsed
    reply: str | None
    origin: str
    call: Spoken | None
    stepwise: bool
    refusal: str
    results: tuple[tuple[Result, ...], ...] = ()
    is_whole: bool = True

    def resumed(self, results: Sequence[Result], *, is_whole: bool) -> "TurnPast":
        """The same, with the results of one `resume` more."""
        rounds = (*self.results, tuple(results))
        return msgspec.structs.replace(self, results=rounds, is_whole=self.is_whole and is_whole)
