"""Whole programs: statements that read inputs, and what earlier statements and earlier turns wrote.

    a = count_by(rows, .a)
    b = where(a, .n > 2)          reads what the first statement wrote
    final(b)

Most statements go well, and some do not: a name may have no value yet, or one of another kind than is needed.
"""

from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st

from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Expr, Program, Statement, Var
from rlmlite_kernel.testing.examples.arguments import Draft
from rlmlite_kernel.testing.examples.trials import draw_call

TARGETS = ("a", "b", "c", "d")
"""The variables that programs write."""


class _RunDraft(Draft):
    """A draft in a run: its inputs are there, and instead of one of them it may read another variable."""

    def __init__(self, draw: st.DrawFn, written: Collection[str]) -> None:
        super().__init__(draw)
        self._written = sorted(written)

    def read(self, name: str, content: "st.SearchStrategy[Any]") -> Var:
        """See `Draft.read`."""
        return Var(self.pick(name, name, *self._written))


@st.composite
def programs(
    draw: st.DrawFn,
    table: Table,
    written: Collection[str] = (),
    leave_out: Collection[str] = ("final", "forget"),
    most: int = 4,
) -> Program:
    """Programs over the inputs `effects.INPUTS`. `written` are variables that earlier turns have written."""
    names = [name for name in table if name not in leave_out]
    known = set(written)
    statements: list[Statement] = []
    for _ in range(draw(st.integers(1, most))):
        action = table[draw(st.sampled_from(names))]
        value: Expr = draw_call(_RunDraft(draw, known), action)
        target = None if action.ends else draw(st.sampled_from(TARGETS))
        statements.append(Statement(value, target))
        known |= set() if target is None else {target}
    return Program(tuple(statements))
