"""The action table, under the name that hosts import to add actions. It is defined in `program.action_table`."""

from rlmlite_kernel.program.action_table import REQUIRED, Action, Kind, Param, Table

__all__ = ["REQUIRED", "Action", "Kind", "Param", "Table"]
