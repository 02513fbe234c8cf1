"""Null laws: no action and no operator gives null of what is there without a fault or a word about it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import ACTIONS, MemoryBlobs
from rlmlite_kernel.program.action_table import Action
from rlmlite_kernel.program.ast import OPERATORS, Call, Lit, walk
from rlmlite_kernel.testing.examples.trials import RESULT, Trial, trials_of
from rlmlite_kernel.testing.examples.values import VALUES
from rlmlite_kernel.testing.play.turns import play_turn, start_run
from rlmlite_kernel.values.values import to_json
from tests.kernel.machine import Machine
from tests.sizes import scale

PURE = [action for action in ACTIONS.values() if action.run is not None and action.in_rows and not action.ends]
CHOOSES = {"case", "pick"}
"""What gives one of its arguments, or null where no condition holds and there is no default."""


def nulls_in(value: Any) -> Iterator[None]:
    """The nulls in a value, at any depth."""
    if value is None:
        yield None
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nulls_in(part)


def has_null(trial: Trial) -> bool:
    """Whether anything that a trial works on is null."""
    literals = [node.v for node in walk(trial.program) if isinstance(node, Lit)]
    return any(True for value in (*literals, *trial.inputs.values()) for _ in nulls_in(value))


@pytest.mark.parametrize("action", PURE, ids=lambda action: action.name)
def test_an_action_gives_null_only_of_null_or_says_so(action: Action) -> None:
    """Over arguments of all kinds, literal, from variables and from fields: a value, a fault, or a warning."""

    @settings(max_examples=scale(20))
    @given(trials_of(action))
    def attempt(trial: Trial) -> None:
        blobs = MemoryBlobs()
        state = start_run(trial.inputs, blobs).state
        played = play_turn(state, trial.parsed, blobs)
        statement = trial.program.body[-1]
        is_over_rows = isinstance(statement.value, Call) and statement.value.name != action.name
        if set(played.codes) != {""} or has_null(trial) or action.name in CHOOSES:
            return
        value = to_json(played.state.variables[RESULT].data.value, blobs)
        results = value if is_over_rows and isinstance(value, list) else [value]
        assert None not in results or played.state.remarks, trial

    attempt()


@settings(max_examples=scale(200))
@given(VALUES, VALUES, st.sampled_from(sorted(OPERATORS)), st.booleans())
def test_an_operator_gives_null_only_of_null_or_says_so(left: Any, right: Any, op: str, in_rows: bool) -> None:
    """Every operator over values of all kinds, in rows and alone."""
    if op.endswith("matches"):
        return
    machine = Machine({"rows": [{"a": left, "b": right}], "a": left, "b": right})
    machine.turn(f"x = map(rows, .a {op} .b)" if in_rows else f"x = a {op} b")
    if set(machine.codes()) != {""} or left is None or right is None:
        return
    value = machine.value("x")

    assert (value[0] if in_rows else value) is not None or machine.state.remarks
