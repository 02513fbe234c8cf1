"""The states of a turn and of its steps, and every move between them, as two tables.

A *turn* runs until it needs answers from outside, and is then suspended; a *step* is one action of the lowered program.
All moves go through `TurnStates`, which looks them up here: a move that is not in its table raises
`IllegalTransitionError` and changes nothing. The drawings in `docs/explanation/how-the-kernel-works.md` are made from
these tables, and the tests walk every pair of them.

Not here: what makes a step move (`run.turns.turn`), or what a commit writes (`run.recorder`).

Example: of `a = sub_lm("?")`, `b = a`, `c = 1`, step `c` depends on nothing that waits, so it finishes first:

    step   at first    before suspending    after resume      at the end
    a      planned     calling              answered          finished, committed
    b      planned     planned              planned           finished, committed
    c      planned     finished             finished          committed

`c` finishes first and is committed last: records are in the order of the program, not of completion.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class IllegalTransitionError(RuntimeError):
    """A move that is not in the table: a mistake in the kernel. Nothing was changed."""


class TurnState(StrEnum):
    """Where a turn is."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    DONE = "done"
    HALTED = "halted"


class TurnEvent(StrEnum):
    """What moves a turn."""

    CALLS_OUT = "calls are out"
    RESULTS = "results are in"
    ALL_COMMITTED = "all steps are committed"
    INPUT_CHANGED = "a file has changed"


class StepState(StrEnum):
    """Where a step is. `PLANNED` has not begun: it may depend on a step that is not finished."""

    PLANNED = "planned"
    CALLING = "calling"
    ANSWERED = "answered"
    PARKED = "parked"
    FINISHED = "finished"
    COMMITTED = "committed"
    DISCARDED = "discarded"


class StepEvent(StrEnum):
    """What moves a step. A step *parks* when none of its calls fits the budgets while calls of other steps are out:
    those may use less than is reserved for them. It parks as well when the same calls are out for other steps."""

    CALL = "its calls go out"
    PARK = "no call fits yet, or the same is out"
    ANSWER = "its results are in"
    FINISH = "value or fault"
    FAIL = "no memory to show it"
    COMMIT = "all before it are committed"
    DISCARD = "the turn was halted"


TURN_TRANSITIONS: Mapping[tuple[TurnState, TurnEvent], TurnState] = {
    (TurnState.RUNNING, TurnEvent.CALLS_OUT): TurnState.SUSPENDED,
    (TurnState.SUSPENDED, TurnEvent.RESULTS): TurnState.RUNNING,
    (TurnState.RUNNING, TurnEvent.ALL_COMMITTED): TurnState.DONE,
    (TurnState.RUNNING, TurnEvent.INPUT_CHANGED): TurnState.HALTED,
    # Steps that finished before the change are still shown, and what is shown may have changed as well.
    (TurnState.HALTED, TurnEvent.INPUT_CHANGED): TurnState.HALTED,
}
"""Every move of a turn. `DONE` and `HALTED` are final."""

STEP_TRANSITIONS: Mapping[tuple[StepState, StepEvent], StepState] = {
    (StepState.PLANNED, StepEvent.FINISH): StepState.FINISHED,
    (StepState.PLANNED, StepEvent.CALL): StepState.CALLING,
    (StepState.PLANNED, StepEvent.PARK): StepState.PARKED,
    (StepState.CALLING, StepEvent.ANSWER): StepState.ANSWERED,
    # The rest of a fan-out, or the next round of a step that asks again.
    (StepState.ANSWERED, StepEvent.CALL): StepState.CALLING,
    (StepState.ANSWERED, StepEvent.PARK): StepState.PARKED,
    (StepState.ANSWERED, StepEvent.FINISH): StepState.FINISHED,
    (StepState.PARKED, StepEvent.CALL): StepState.CALLING,
    (StepState.PARKED, StepEvent.PARK): StepState.PARKED,
    (StepState.PARKED, StepEvent.FINISH): StepState.FINISHED,
    # Nobody has seen its value yet, so it can still become a fault.
    (StepState.FINISHED, StepEvent.FAIL): StepState.FINISHED,
    (StepState.FINISHED, StepEvent.COMMIT): StepState.COMMITTED,
    # A committed step stays committed: its record is written. All others of a halted turn never happened.
    (StepState.PLANNED, StepEvent.DISCARD): StepState.DISCARDED,
    (StepState.CALLING, StepEvent.DISCARD): StepState.DISCARDED,
    (StepState.ANSWERED, StepEvent.DISCARD): StepState.DISCARDED,
    (StepState.PARKED, StepEvent.DISCARD): StepState.DISCARDED,
    (StepState.FINISHED, StepEvent.DISCARD): StepState.DISCARDED,
}
"""Every move of a step. `COMMITTED` and `DISCARDED` are final."""

TURN_STATES: Mapping[TurnState, str] = {
    TurnState.RUNNING: "steps run, or are being committed",
    TurnState.SUSPENDED: "nothing can go on before the calls that are out have results",
    TurnState.DONE: "every step is committed",
    TurnState.HALTED: "a file that the turn read has changed; what is not committed is dropped, and the run ends",
}
"""What each state of a turn means."""

STEP_STATES: Mapping[StepState, str] = {
    StepState.PLANNED: "has not begun; it may depend on a step that has not finished",
    StepState.CALLING: "its calls are out, and what they may use is reserved",
    StepState.ANSWERED: "the calls that were out have results; there may be more calls to make",
    StepState.PARKED: "waits for calls of others: these may use less than they reserve, or be the same as its own",
    StepState.FINISHED: "has a value or a fault, which later steps see; its record is not written yet",
    StepState.COMMITTED: "is in the record and in the state of the run",
    StepState.DISCARDED: "belonged to a turn that halted, and left nothing behind",
}
"""What each state of a step means."""

_State = TypeVar("_State", TurnState, StepState)
_Event = TypeVar("_Event", TurnEvent, StepEvent)


def next_state(table: Mapping[tuple[_State, _Event], _State], state: _State, event: _Event) -> _State:
    """The state after an event. Raises `IllegalTransitionError` for a pair that is not in the table."""
    # Looked up before anything is assigned, so that an illegal move leaves the state as it was.
    after = table.get((state, event))
    if after is None:
        raise IllegalTransitionError(f"{type(state).__name__} {state.name} has no transition for {event.name}")
    return after


class TurnStates:
    """Where a turn and each of its steps are."""

    def __init__(self, step_count: int) -> None:
        self.turn = TurnState.RUNNING
        self.steps = [StepState.PLANNED] * step_count

    def move_turn(self, event: TurnEvent) -> None:
        """Move the turn. Raises `IllegalTransitionError`."""
        self.turn = next_state(TURN_TRANSITIONS, self.turn, event)

    def move_step(self, number: int, event: StepEvent) -> None:
        """Move one step. Raises `IllegalTransitionError`."""
        self.steps[number] = next_state(STEP_TRANSITIONS, self.steps[number], event)

    def copy(self) -> "TurnStates":
        """The same states, to go on from without touching these."""
        other = TurnStates(0)
        other.turn, other.steps = self.turn, list(self.steps)
        return other
