"""How the room of a turn's observation is shared by its steps.

Steps are recorded one after another, each with what it showed, so a step's room is decided when it is committed: from
the program, which says what is still to come, and from what earlier steps have left. What one does not use goes to
those after it.

    hits = search(log, "ERROR")      echo: at most its share of the half that is not kept for the looks
    n = count(hits)                  echo: a line
    show(hits)                       look   \\ neighbours are committed together (`RunningTurn`), so their needs are
    show(n)                          look   / known: `n` takes ten bytes, and `hits` gets all the rest

An echo is a statement's own line and glimpse; a look (`show`, `load`, `preview`, `describe`) was asked for.
"""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from rlmlite_kernel.observation.layout.pieces import UNCUT, share
from rlmlite_kernel.observation.layout.spelling import root_of
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.run.steps.step import FinishedStep

_LINE_BYTES = 120
"""Kept free for each statement that is still to be shown."""


class Outlook(msgspec.Struct, frozen=True, eq=False):
    """What comes after a step in its turn: how many statements, how many of them looks.

    `neighbours` are the looks directly after it that have finished too, if it is a look. `is_looked_at`: one of the
    looks shows what the step writes.
    """

    statements: int = 0
    looks: int = 0
    neighbours: tuple[FinishedStep, ...] = ()
    is_looked_at: bool = False


def is_look(planned: PlannedStep, table: Table) -> bool:
    """Whether a step shows its value whole."""
    return not planned.problems and table[planned.op].shows


class Looks:
    """Where the looks of a program are. They are looked up once, since every step asks what comes after it."""

    def __init__(self, steps: Sequence[PlannedStep], table: Table) -> None:
        self._statements: list[int] = []
        self._last: dict[str, int] = {}
        for number, planned in enumerate(steps):
            if is_look(planned, table):
                self._statements.append(planned.statement)
                for argument in () if planned.written is None else planned.written.args:
                    self._last[root_of(argument)] = number

    def after(self, statement: int) -> int:
        """How many there are in later statements."""
        return len(self._statements) - bisect_right(self._statements, statement)

    def is_looked_at(self, name: str, number: int) -> bool:
        """Whether a step after this one is a look at a variable, or at a part of it."""
        return self._last.get(name, -1) > number


def room_of_echo(left: int, outlook: Outlook) -> int:
    """Bytes for a step that only says what it did, of those that are left."""
    # Half is kept for looks, which were asked for.
    available = left - left // 2 if outlook.looks else left
    others = outlook.statements - outlook.looks
    return available // (others + 1)


def room_of_look(left: int, outlook: Outlook, needs: Sequence[int]) -> int:
    """Bytes for a look. `needs` are its own and those of its neighbours, which have finished."""
    # In a long program the lines alone would take more than there is; then every statement gets an equal share.
    echoes = outlook.statements - outlook.looks
    available = max(left - _LINE_BYTES * echoes, left // (outlook.statements + 1))
    later = outlook.looks - len(outlook.neighbours)
    together = available * len(needs) // (len(needs) + later)
    equal = share(needs, together - len(needs))
    return min(available, max(equal, UNCUT))
