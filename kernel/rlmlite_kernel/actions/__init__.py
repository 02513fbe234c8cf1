"""The actions: `table` declares them, the modules beside implement them, by family."""

from rlmlite_kernel.actions.table import ACTIONS

__all__ = ["ACTIONS"]
