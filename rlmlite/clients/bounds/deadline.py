"""The time of a run and of all runs nested in it: until when calls may go on.

The kernel has no clock. Time is kept where calls are made, and what it ends is recorded as the result of a call,
`failed: deadline`. So it bites at the next call or turn, never in the middle of a pure step, and a replay needs no
clock: it takes the recorded results.

Whoever asks a question wants an answer rather than none, so the end of the time belongs to the last one: a fifth, at
most two minutes. A nested run gets the time that its parent has for programs, and keeps a part of that for its own.

    max_time = 100 s                  calls of programs until 80 s, the last answer until 100 s
    a nested run begins at 30 s       its programs until 70 s, its last answer until 80 s

Not here: what a run does when its time is over (`rlmlite.agent.loop`), and how a call is cut (`rlmlite.runs.calls`).
"""

from collections.abc import Callable
from time import monotonic
from typing import Final, TypeAlias

import msgspec

Clock: TypeAlias = Callable[[], float]
"""Gives seconds that only grow, from whatever beginning."""

_SHARE: Final = 0.2
_LONGEST: Final = 120.0
"""Of the time, the part that is kept for the last answer, and the seconds that this is at most."""


class Deadline(msgspec.Struct, frozen=True):
    """Until when calls of programs may go on, and the last answer of the controller, in the seconds of `clock`.

    `None` is no deadline.
    """

    programs: float | None = None
    answer: float | None = None
    clock: Clock = monotonic

    @classmethod
    def after(cls, seconds: float | None, *, answers: bool, clock: Clock = monotonic) -> "Deadline":
        """So many seconds from now. `answers`: a part of them is kept for a last answer."""
        if seconds is None:
            return cls(clock=clock)
        end = clock() + seconds
        return cls(end - _kept_for_answer(seconds) if answers else end, end, clock)

    def within(self) -> "Deadline":
        """That of a nested run that begins now: it has to be over when the programs of this run have to be."""
        if self.programs is None:
            return self
        left = max(0.0, self.programs - self.clock())
        return Deadline(self.programs - _kept_for_answer(left), self.programs, self.clock)

    def for_call(self, *, is_of_controller: bool) -> float | None:
        """Until when a call that begins now may go on. Only a controller's may use the time of the last answer."""
        if is_of_controller and self.is_for_answer():
            return self.answer
        return self.programs

    def is_for_answer(self) -> bool:
        """Whether the time for programs is over."""
        return self.programs is not None and self.clock() >= self.programs

    def is_over(self) -> bool:
        """Whether all time is over."""
        return self.answer is not None and self.clock() >= self.answer


NO_DEADLINE: Final = Deadline()


def _kept_for_answer(seconds: float) -> float:
    return min(seconds * _SHARE, _LONGEST)
