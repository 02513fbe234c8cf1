"""What happens in a run, as it happens: small frozen events, for a screen or a host. They decide nothing.

A callback is called with each as it happens; `rlmlite.stream` gives them as an async iterator.
"""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from rlmlite.runs.outcome import Outcome


class TurnStarted(msgspec.Struct, frozen=True, tag=True):
    """A controller is asked. `last`: only `final` is permitted."""

    turn: int
    role: str
    model: str
    last: bool


class ProgramRead(msgspec.Struct, frozen=True, tag=True):
    """What was read of a reply: the program, or a message of why there is none."""

    turn: int
    text: str
    message: str


class StepDone(msgspec.Struct, frozen=True, tag=True):
    """A step has its receipt. `writes` is the variable's name, `text` what the controller will see of it."""

    turn: int
    step: int
    statement: int
    op: str
    writes: str
    status: str
    code: str
    text: str


class ToolCalled(msgspec.Struct, frozen=True, tag=True):
    """A tool is called. What came of it is in its step."""

    turn: int
    tool: str


class ApprovalAsked(msgspec.Struct, frozen=True, tag=True):
    """Somebody is asked whether a tool may be called; the run waits."""

    turn: int
    tool: str


class ApprovalGiven(msgspec.Struct, frozen=True, tag=True):
    """The answer: the call is made, or it is not."""

    turn: int
    tool: str
    approved: bool


class FanoutProgress(msgspec.Struct, frozen=True, tag=True):
    """Of the calls that are out now, so many have ended. Told at most about a hundred times for each fan-out."""

    turn: int
    done: int
    total: int


class Cost(msgspec.Struct, frozen=True, tag=True):
    """After a turn: what models used so far (`None` is unknown), and per limit what is used of it."""

    turn: int
    usage: dict[str, int | None]
    budget: dict[str, dict[str, int | None]]


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The end."""

    outcome: Outcome


class Nested(msgspec.Struct, frozen=True, tag=True):
    """Something happened in the nested run that answers a call."""

    call: str
    event: "Event"


Event: TypeAlias = (
    TurnStarted
    | ProgramRead
    | StepDone
    | ToolCalled
    | ApprovalAsked
    | ApprovalGiven
    | FanoutProgress
    | Cost
    | Finished
    | Nested
)
"""Everything that is told."""

Tell: TypeAlias = Callable[[Event], None]
"""Who is told. What it raises stops the run, with a trace that is open and valid."""


def unheard(_event: Event) -> None:
    """For a run that nobody watches."""
