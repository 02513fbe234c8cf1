"""What happens in a run, as it happens: small frozen events, for a screen or a host. They decide nothing.

The setting `on_event` is called with each; `rlmlite.stream` gives them as an async iterator. An agent's turn with one
fan-out over 250 chunks goes by as

    TurnStarted, ProgramRead, StepDone (chunk), FanoutProgress x 125, StepDone (extract), Cost

Events are not records: they have no hashes, and a run that nobody watches leaves the same trace.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from rlmlite.runs.outcome import Outcome
from rlmlite_kernel.records.records import Blob, Step


class WindowKnown(msgspec.Struct, frozen=True, tag=True):
    """A run begins, and it is known how many tokens the model of a role reads and answers with in all.

    `source` says who said so: `host`, `client`, `server` or `price list`. Longer prompts are not sent to it.
    """

    role: str
    model: str
    window: int
    source: str


class TurnStarted(msgspec.Struct, frozen=True, tag=True):
    """A controller is asked. `last`: only `final` is permitted."""

    turn: int
    role: str
    model: str
    last: bool


class ProgramRead(msgspec.Struct, frozen=True, tag=True):
    """A reply was read: the program in it, or a message that says why there is none."""

    turn: int
    text: str
    message: str


class StepDone(msgspec.Struct, frozen=True, tag=True):
    """A step is done and recorded. `writes` is the name of its variable, `text` what the controller will see of it."""

    turn: int
    step: int
    statement: int
    op: str
    writes: str
    status: str
    code: str
    text: str


class ToolCalled(msgspec.Struct, frozen=True, tag=True):
    """A tool is called. Its result is in the step that called it."""

    turn: int
    tool: str


class ApprovalAsked(msgspec.Struct, frozen=True, tag=True):
    """Somebody is asked whether a tool may be called; the run waits."""

    turn: int
    tool: str


class ApprovalGiven(msgspec.Struct, frozen=True, tag=True):
    """The approver's answer: the call is made if `approved`, else it is not."""

    turn: int
    tool: str
    approved: bool


class FanoutProgress(msgspec.Struct, frozen=True, tag=True):
    """Of the calls of a fan-out, so many have ended. There are at most about a hundred of these for each fan-out."""

    turn: int
    done: int
    total: int


class Cost(msgspec.Struct, frozen=True, tag=True):
    """After a turn: what models used so far (`None` is unknown), and for each limit what is used of it."""

    turn: int
    usage: dict[str, int | None]
    budget: dict[str, dict[str, int | None]]


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The end of a run, or of a question in a session."""

    outcome: Outcome


class Nested(msgspec.Struct, frozen=True, tag=True):
    """Something happened in the nested run that answers a call."""

    call: str
    event: "Event"


Event: TypeAlias = (
    WindowKnown
    | TurnStarted
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
"""Anything that can happen."""

Tell: TypeAlias = Callable[[Event], None]
"""Called with each event. What it raises stops the run, and leaves a trace that is open and valid."""


def step_done(step: Step, blobs: Iterable[Blob]) -> StepDone:
    """The event of a step that was just recorded. Its observation is one of the blobs of its entry, if it has one."""
    observation = next((blob.content for blob in blobs if blob.ref == step.observation.ref), b"")
    return StepDone(
        turn=step.turn,
        step=step.step,
        statement=step.statement,
        op=step.op,
        writes=step.writes[0].name if step.writes else "",
        status=step.status,
        code=step.code,
        text=observation.decode(),
    )
