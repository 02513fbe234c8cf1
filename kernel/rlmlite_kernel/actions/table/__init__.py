"""The action table: every action, declared once, a module for each family. The order is that of the docs."""

from rlmlite_kernel.actions.table import cut, end, find, folds, look, models, parse, rows, scalars, text, tools
from rlmlite_kernel.program.action_table import Table

ACTIONS = Table(
    [
        *look.ACTIONS,
        *find.ACTIONS,
        *cut.ACTIONS,
        *models.ACTIONS,
        *parse.ACTIONS,
        *rows.ACTIONS,
        *folds.ACTIONS,
        *text.ACTIONS,
        *scalars.ACTIONS,
        *tools.ACTIONS,
        *end.ACTIONS,
    ]
)
"""Every action of the kernel."""
