"""Actions that make one value of many. Inside `group` they fold the rows of a key."""

from rlmlite_kernel.actions.rows.fold_actions import fold_of
from rlmlite_kernel.actions.table.shared import on_rows
from rlmlite_kernel.program.action_table import Action, Param


def _fold(name: str, help_: str, example: str) -> Action:
    params = (Param("values", "rows", "a list of values, such as rows.n"),)
    return on_rows(name, fold_of(name), params, "value", help_, example)


ACTIONS = (
    _fold("sum", "the sum of numbers", example="84"),
    _fold("avg", "the mean of numbers", example="2.5"),
    _fold("min", "the smallest value", example="1"),
    _fold("max", "the largest value", example="9"),
    _fold("median", "the middle number, or the mean of the middle two", example="2.5"),
    on_rows(
        "percentile",
        fold_of("percentile"),
        (
            Param("values", "rows", "a list of values, such as rows.n"),
            Param("p", "any", "a number from 0 to 100"),
        ),
        "value",
        "the smallest number that at least p percent of the numbers do not exceed",
        example="9",
    ),
)
