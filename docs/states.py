"""Drawings of the states of a turn and of its steps, from the tables in the kernel. `make docs` renews them."""

from collections.abc import Mapping
from typing import TypeVar

from docs.tables import table
from rlmlite_kernel.run.turns.transitions import (
    STEP_STATES,
    STEP_TRANSITIONS,
    TURN_STATES,
    TURN_TRANSITIONS,
    StepEvent,
    StepState,
    TurnEvent,
    TurnState,
)

_State = TypeVar("_State", TurnState, StepState)
_Event = TypeVar("_Event", TurnEvent, StepEvent)


def turn_drawing() -> str:
    """The states of a turn, as a Mermaid diagram."""
    return _drawing(TURN_TRANSITIONS, TurnState.RUNNING)


def step_drawing() -> str:
    """The states of a step, as a Mermaid diagram."""
    return _drawing(STEP_TRANSITIONS, StepState.PLANNED)


def turn_states() -> str:
    """What each state of a turn means."""
    return _meanings(TURN_STATES)


def step_states() -> str:
    """What each state of a step means."""
    return _meanings(STEP_STATES)


def _drawing(transitions: Mapping[tuple[_State, _Event], _State], first: _State) -> str:
    """One arrow per transition; states that nothing leaves are final."""
    lines: list[str] = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.value}"]
    lines += [f"    {state.value} --> {after.value}: {event.value}" for (state, event), after in transitions.items()]
    left = {state for (state, _), after in transitions.items() if after is not state}
    final = [state for state in type(first) if state not in left]
    lines += [f"    {state.value} --> [*]" for state in final]
    return "\n".join([*lines, "```"])


def _meanings(meanings: Mapping[_State, str]) -> str:
    return table(("state", "means that"), ((f"**{state.value}**", meaning) for state, meaning in meanings.items()))
