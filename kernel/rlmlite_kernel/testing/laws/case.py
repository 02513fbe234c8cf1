"""A case: a trial of a table's action, played once for all laws.

The action is played under the guard that is around actions of hosts (`run.hosts.guard`), the kernel's own too. So what
it raises and what it changes are faults with a name, and the laws look for these. Its function is watched as well,
since the fault does not say where an exception came from.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.effects.requests import Usage
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.run.machine import Done
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.testing.examples.effects import Turnout
from rlmlite_kernel.testing.examples.trials import Trial
from rlmlite_kernel.testing.play.simulator import Simulator
from rlmlite_kernel.testing.play.turns import Played, play_turn, start_run
from rlmlite_kernel.values.blobs import Blobs, MemoryBlobs

SCHEDULE = (
    Turnout(text="yes", value="yes"),
    Turnout(text='{"n": 3, "a": "x", "b": [1]}', value={"n": 3}, usage=Usage(9, 3)),
    Turnout(failure="timeout", approved=False),
    Turnout(text="I think so.", value=[1, None], approved=False),
)
"""What calls come to in a trial: an answer, one in JSON, a failure, words that match no form."""


def play(state: State, trial: Trial, blobs: Blobs) -> Played:
    """The turn of a trial. What its calls come to follows from their ids, so it is the same each time."""
    return play_turn(state, trial.parsed, blobs, answer=Simulator(SCHEDULE))


class LawBrokenError(AssertionError):
    """An action broke a law: which, in which trial, and what was seen."""

    def __init__(self, law: str, trial: Trial, seen: str) -> None:
        super().__init__(f"{law}: {seen}\n  in {trial}")
        self.law, self.trial, self.seen = law, trial, seen


class Case:
    """A trial of the action `name`, played when a law first asks what came of it."""

    def __init__(self, table: Table, name: str, trial: Trial) -> None:
        self.table, self.name, self.trial = table, name, trial
        self.raised: Exception | None = None

    @cached_property
    def blobs(self) -> Blobs:
        """The contents of the run."""
        return MemoryBlobs()

    @cached_property
    def begun(self) -> Done:
        """The run before the turn."""
        return start_run(self.trial.inputs, self.blobs, table=self._watched())

    @cached_property
    def played(self) -> Played:
        """The turn. Raises `LawBrokenError` if even the guard let something pass."""
        try:
            return play(self.begun.state, self.trial, self.blobs)
        except Exception as error:
            raise self.broken("total", f"it raised {type(error).__name__}: {error}") from error

    def play_anew(self) -> Played:
        """The same in another run, by the table as it is."""
        blobs = MemoryBlobs()
        return play(start_run(self.trial.inputs, blobs, table=self.table).state, self.trial, blobs)

    def broken(self, law: str, seen: str) -> LawBrokenError:
        """The error of a broken law."""
        return LawBrokenError(law, self.trial, seen)

    def _watched(self) -> Table:
        """The table with another row for the action: one that is guarded, and whose exceptions are noted."""
        return Table(self._watch(action) if name == self.name else action for name, action in self.table.items())

    def _watch(self, action: Action) -> Action:
        run = None if action.run is None else self._note(action.run)
        ask = None if action.ask is None else self._note(action.ask)
        return msgspec.structs.replace(action, run=run, ask=ask)

    def _note(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **named: Any) -> Any:
            try:
                made = function(*args, **named)
            except Exception as error:
                if not isinstance(error, Fault):
                    self.raised = error
                raise
            # What makes a value of the results of calls is a part of the action too.
            return msgspec.structs.replace(made, settle=self._note(made.settle)) if isinstance(made, Ask) else made

        return noted


Law: TypeAlias = Callable[[Case], None]
"""Raises `LawBrokenError` if the case breaks it."""
