"""A simulator of all that a run calls: models, tools, approvers, clocks, nested runs. It fails on a schedule.

    simulator = Simulator([Turnout(text="yes"), Turnout(failure="timeout")])
    play(state, program, blobs, answer=simulator)
    simulator.requests                     what was asked, in the order of asking

Which turnout a call gets follows from the call's id, so an order of calls, a second run and a replay change nothing.
"""

import hashlib
from collections.abc import Sequence

from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.testing.examples.effects import Turnout


class Simulator:
    """Answers every request by a schedule, and keeps the requests."""

    def __init__(self, schedule: Sequence[Turnout]) -> None:
        if not schedule:
            raise ValueError("a schedule has at least one turnout")
        self._schedule = tuple(schedule)
        self.requests: list[Request] = []

    def __call__(self, request: Request, prompt: str) -> Result:
        """The result of a request; the prompt makes no difference."""
        self.requests.append(request)
        return self.turnout(request).result(request.kind)

    def turnout(self, request: Request) -> Turnout:
        """What a request comes to."""
        number = int.from_bytes(hashlib.sha256(request.id.encode()).digest()[:4], "big")
        return self._schedule[number % len(self._schedule)]
