"""The tables of states: every pair that is in them, every pair that is not, and that real turns use all of them."""

from itertools import product

import pytest

from rlmlite_kernel import Answered, Done, Limits, Settings, Suspended, Usage, advance, begin, resume
from rlmlite_kernel.run.turns.transitions import (
    STEP_TRANSITIONS,
    TURN_TRANSITIONS,
    IllegalTransitionError,
    StepEvent,
    StepState,
    TurnEvent,
    TurnState,
    TurnStates,
)
from rlmlite_kernel.testing.play.turns import KEY, make_input
from tests.guard.memory.scarce import ScarceBlobs
from tests.kernel.budgets.limited_runs import PRICED
from tests.kernel.machine import LOG, Machine, parse_program
from tests.kernel.run.test_changed_inputs import ChangingBlobs, LosingBlobs


@pytest.mark.parametrize(("state", "event"), list(product(StepState, StepEvent)))
def test_every_pair_of_a_step(state: StepState, event: StepEvent) -> None:
    """What is in the table moves the step there; what is not raises, and the step stays where it was."""
    states = TurnStates(2)
    states.steps[1] = state
    after = STEP_TRANSITIONS.get((state, event))

    if after is None:
        with pytest.raises(IllegalTransitionError, match=f"StepState {state.name} has no transition for {event.name}"):
            states.move_step(1, event)
    else:
        states.move_step(1, event)
    assert states.steps == [StepState.PLANNED, state if after is None else after]
    assert states.turn is TurnState.RUNNING


@pytest.mark.parametrize(("state", "event"), list(product(TurnState, TurnEvent)))
def test_every_pair_of_a_turn(state: TurnState, event: TurnEvent) -> None:
    """What is in the table moves the turn there; what is not raises, and the turn stays where it was."""
    states = TurnStates(1)
    states.turn = state
    after = TURN_TRANSITIONS.get((state, event))

    if after is None:
        with pytest.raises(IllegalTransitionError, match=f"TurnState {state.name} has no transition for {event.name}"):
            states.move_turn(event)
    else:
        states.move_turn(event)
    assert states.turn is (state if after is None else after)
    assert states.steps == [StepState.PLANNED]


class Moves:
    """Every move that turns make while it looks on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: set[tuple[StepState, StepEvent]] = set()
        self.turns: set[tuple[TurnState, TurnEvent]] = set()
        move_step, move_turn = TurnStates.move_step, TurnStates.move_turn

        def watch_step(states: TurnStates, number: int, event: StepEvent) -> None:
            self.steps.add((states.steps[number], event))
            move_step(states, number, event)

        def watch_turn(states: TurnStates, event: TurnEvent) -> None:
            self.turns.add((states.turn, event))
            move_turn(states, event)

        monkeypatch.setattr(TurnStates, "move_step", watch_step)
        monkeypatch.setattr(TurnStates, "move_turn", watch_turn)


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Moves:
    """What turns do from here on."""
    return Moves(monkeypatch)


def play_budgets(tokens: int, program: str, used: int) -> None:
    """A turn in which every call uses so many tokens, of those that there are."""
    machine = Machine(limits=Limits(tokens=tokens), role=PRICED)
    machine.turn(program, lambda prompt: Answered("ok", Usage(used, 0, 0)))


def play_change(program: str, blobs: ChangingBlobs, *, tokens: int = 1_000, from_the_start: bool = False) -> None:
    """A turn that halts, since the file behind `log` changes: before it, or while its calls are out."""
    content = make_input(blobs, LOG)
    settings = Settings(roles={"sub": PRICED}, limits=Limits(tokens=tokens))
    changed = {content.value.blob}  # type: ignore[union-attr]  # `given` of a str is a Text
    blobs.changed = changed if from_the_start else set()
    now = advance(begin({"log": content}, settings, KEY).state, parse_program(program), blobs)
    blobs.changed = changed
    if isinstance(now, Suspended):
        now = resume(now, [Answered("ok", Usage(1, 0, 0))] * len(now.requests), blobs)
    assert isinstance(now, Done)
    assert now.halted == "input_changed"


def play_memory(program: str) -> None:
    """A turn in which memory runs out at the first read of a content."""
    machine = Machine({"log": LOG}, blobs=ScarceBlobs({1}))  # the first read is that of the slice
    machine.turn(program)
    assert machine.codes() == ["out_of_memory"]


FAN_OUT = 'a = extract_over_chunks(["1", "2", "3"], "{value}", min_ok=0)'  # a call reserves 11 tokens
LONGER = FAN_OUT.replace('"3"', '"333333333"')  # whose last call reserves 19
OTHER = FAN_OUT.replace("a =", "b =")


def test_turns_use_the_whole_table(moves: Moves) -> None:
    """Every move of the tables is one that some program makes: none is there for nothing."""
    Machine().turn("a = 1")
    play_budgets(1_000, 'a = sub_lm("q")', 1)
    play_budgets(25, FAN_OUT, 1)  # two calls fit, then the third
    play_budgets(25, f"{FAN_OUT}\n{OTHER}", 1)  # `b` is parked until `a` needs less
    play_budgets(25, f"{FAN_OUT}\n{OTHER}", 5)  # and once more
    play_budgets(25, f"{FAN_OUT}\n{OTHER}", 10)  # nothing is left for `b`
    play_budgets(34, f"{LONGER}\n{OTHER}", 3)  # `b` has an answer when the last call of `a` takes what is left
    play_change('a = sub_lm("{log}")\nb = 1\nc = a', ChangingBlobs())
    play_change('a = sub_lm("?")\nb = search(log, "x")', ChangingBlobs(), from_the_start=True)
    play_change(f'{FAN_OUT}\n{OTHER}\nc = search(log, "x")', ChangingBlobs(), tokens=35, from_the_start=True)
    play_change('q = sub_lm("?")\na = log[0:3]\nb = search(log, q)', LosingBlobs())
    play_memory("a = log[0:3]")  # which is read only to be shown

    assert moves.steps == set(STEP_TRANSITIONS)
    assert moves.turns == set(TURN_TRANSITIONS)
