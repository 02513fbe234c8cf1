"""The laws of an action, each a function of a case that raises `LawBrokenError`.

    total       a value, or a fault out of `FAULTS`; never another exception
    pure        the same trial has the same outcome twice, and leaves the state before it as it was
    columns     rows processed as whole columns give what they give row by row

A case is a trial with a table, and plays the trial once for all laws. A trial that the checker refuses keeps them all.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeAlias

from rlmlite_kernel.faults import FAULTS
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.testing.runs import Played, play, start
from rlmlite_kernel.testing.trials import RESULT, Trial
from rlmlite_kernel.values import vectors
from rlmlite_kernel.values.blobs import Blobs, MemoryBlobs
from rlmlite_kernel.values.values import to_json


class LawBrokenError(AssertionError):
    """An action broke a law: which, in which trial, and what was seen."""

    def __init__(self, law: str, trial: Trial, seen: str) -> None:
        super().__init__(f"{law}: {seen}\n  in {trial}")
        self.law, self.trial, self.seen = law, trial, seen


class Case:
    """A trial of a table's action, played when a law first asks what came of it."""

    def __init__(self, table: Table, trial: Trial) -> None:
        self.table, self.trial = table, trial

    @cached_property
    def blobs(self) -> Blobs:
        """The contents of the run."""
        return MemoryBlobs()

    @cached_property
    def begun(self) -> State:
        """The state before the turn."""
        return start(self.trial.inputs, self.blobs, table=self.table).state

    @cached_property
    def played(self) -> Played:
        """The turn. Raises `LawBrokenError` if it raised anything."""
        try:
            return play(self.begun, self.trial.parsed, self.blobs)
        except Exception as error:
            raise self.broken("total", f"it raised {type(error).__name__}: {error}") from error

    def play_anew(self) -> Played:
        """The same in another run."""
        return Case(self.table, self.trial).played

    def broken(self, law: str, seen: str) -> LawBrokenError:
        """The error of a broken law."""
        return LawBrokenError(law, self.trial, seen)


Law: TypeAlias = Callable[[Case], None]
"""Raises `LawBrokenError` if the case breaks it."""


def check_total(case: Case) -> None:
    """A step ends in a value or in a fault with a known code."""
    unknown = [code for code in case.played.codes if code and code not in FAULTS]
    if unknown:
        raise case.broken("total", f"its fault has the code `{unknown[0]}`, which is not in FAULTS")


def check_pure(case: Case) -> None:
    """The same trial, once more from the same state and in a run of its own, gives the same bytes."""
    before = _values(case.begun, case.blobs)
    first = case.played
    after = _values(case.begun, case.blobs)
    if after != before:
        raise case.broken("pure", f"the variables before it were {before}, and are now {after}")
    again = play(case.begun, case.trial.parsed, case.blobs)
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


LAWS: Mapping[str, Law] = {"total": check_total, "pure": check_pure, "columns": check_columns}
"""Every law that is checked in this process, by name."""
