"""Laws about what comes of a call: total, arguments, pure, columns, replay. See the package for what each says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.faults import ACTION_RAISED, ARGUMENT_CHANGED, FAULTS, NO_VALUE
from rlmlite_kernel.records.records import Genesis
from rlmlite_kernel.run.machine import begin
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.testing.examples.trials import RESULT
from rlmlite_kernel.testing.laws.case import Case, play
from rlmlite_kernel.testing.play.turns import KEY, Played, entry_bytes, make_input, play_turn
from rlmlite_kernel.values import vectors
from rlmlite_kernel.values.blobs import Blobs, MemoryBlobs
from rlmlite_kernel.values.values import to_json


def check_total(case: Case) -> None:
    """A step ends in a value, or in a fault with a known code that is not the action's own mistake."""
    for code in case.played.codes:
        if code in (ACTION_RAISED, NO_VALUE):
            raise case.broken("total", _shown(case.played)) from case.raised
        if code and code not in FAULTS:
            raise case.broken("total", f"its fault has the code `{code}`, which is not in FAULTS")


def check_arguments(case: Case) -> None:
    """No argument is changed."""
    if ARGUMENT_CHANGED in case.played.codes:
        raise case.broken("arguments", _shown(case.played))


def check_pure(case: Case) -> None:
    """The same trial, once more from the same state and in a run without a guard, gives the same bytes."""
    before = _values(case.begun.state, case.blobs)
    first = case.played
    after = _values(case.begun.state, case.blobs)
    if after != before:
        raise case.broken("pure", f"the variables before it were {before}, and are now {after}")
    again = play(case.begun.state, case.trial, case.blobs)
    for other, how in ((again, "a second time"), (case.play_anew(), "in another run")):
        if other.content() != first.content():
            raise case.broken("pure", f"{how} it gives {_shown(other)}, and first {_shown(first)}")


def check_columns(case: Case) -> None:
    """Whole columns and single rows give the same value, ref, codes and observation."""
    with columns_from(1):
        columns = case.play_anew()
    with columns_from(10**9):
        rows = case.play_anew()
    if _outcome(columns) != _outcome(rows):
        raise case.broken("columns", f"whole columns give {_shown(columns)}, single rows {_shown(rows)}")


def check_replay(case: Case) -> None:
    """A run that is begun from the records, and told the recorded results of calls, gives the same records."""
    first, (genesis,) = case.played, case.begun.entries
    record = genesis.record
    assert isinstance(record, Genesis)
    blobs = MemoryBlobs()
    inputs = {name: make_input(blobs, content) for name, content in case.trial.inputs.items()}
    again = begin(
        inputs,
        first.before.settings,
        KEY,
        table=case.table,
        engines=record.engines,
        flags=record.flags,
        recorded=genesis.blobs[0].content,
    )
    results = iter(first.results)

    def answer(request: Request, prompt: str) -> Result:
        return next(results)

    second = play_turn(again.state, case.trial.parsed, blobs, answer=answer)
    if entry_bytes(again.entries) != entry_bytes(case.begun.entries):
        raise case.broken("replay", "the genesis is another one")
    if second.content() != first.content():
        raise case.broken("replay", f"it gives {_shown(second)}, and was {_shown(first)}")


@contextmanager
def columns_from(rows: int) -> Iterator[None]:
    """Process whole columns from this many rows on."""
    usual = vectors.MANY
    vectors.MANY = rows
    try:
        yield
    finally:
        vectors.MANY = usual


def _values(state: State, blobs: Blobs) -> str:
    # By `repr`, in which 1, 1.0 and true differ.
    return repr({name: to_json(variable.data.value, blobs) for name, variable in state.variables.items()})


def _outcome(played: Played) -> tuple[Any, ...]:
    result = played.state.variables.get(RESULT)
    held = None if result is None else (repr(to_json(result.data.value, played.blobs)), result.ref, result.kind)
    return played.observation, played.codes, held


def _shown(played: Played) -> str:
    return repr(played.observation)
