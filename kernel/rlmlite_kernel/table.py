"""The action table, under the name that hosts import to add actions.

It is defined in `program.action_table`, costs and sizes in `program.costs`, checks in `program.checks`.
"""

from rlmlite_kernel.program.action_table import REQUIRED, Action, Holes, Kind, Param, Table
from rlmlite_kernel.program.checks import Check, CheckedCall, ExactlyOneOf, Report
from rlmlite_kernel.program.costs import (
    ANY_AMOUNT,
    CALL_PER_ROW,
    FREE,
    ONE_MODEL_CALL,
    ONE_TOOL_CALL,
    SEARCH_WORK,
    UNKNOWN,
    WHOLE_TEXT,
    CostRule,
    Extent,
    PricedCall,
    Range,
    SizeRule,
    UndeclaredCostError,
    exactly,
    fewer_rows,
    part_of_it,
    same_rows,
    same_size,
)

__all__ = [
    "ANY_AMOUNT",
    "CALL_PER_ROW",
    "FREE",
    "ONE_MODEL_CALL",
    "ONE_TOOL_CALL",
    "REQUIRED",
    "SEARCH_WORK",
    "UNKNOWN",
    "WHOLE_TEXT",
    "Action",
    "Check",
    "CheckedCall",
    "CostRule",
    "ExactlyOneOf",
    "Extent",
    "Holes",
    "Kind",
    "Param",
    "PricedCall",
    "Range",
    "Report",
    "SizeRule",
    "Table",
    "UndeclaredCostError",
    "exactly",
    "fewer_rows",
    "part_of_it",
    "same_rows",
    "same_size",
]
