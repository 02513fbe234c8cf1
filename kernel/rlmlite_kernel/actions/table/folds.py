"""Actions that make one value of many. Inside `group` they fold the rows of a key."""

from rlmlite_kernel.actions.rows import gather_actions
from rlmlite_kernel.actions.rows.columns.gathers import SEPARATOR
from rlmlite_kernel.actions.rows.fold_actions import fold_of
from rlmlite_kernel.actions.table.shared import on_rows
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import same_size
from rlmlite_kernel.records.evolution import FIELDS_OF_PROMPTS

_VALUES = Param("values", "rows", "a list of values, such as rows.n")


def _fold(name: str, help_: str, example: str) -> Action:
    return on_rows(name, fold_of(name), (_VALUES,), "value", help_, example)


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
            _VALUES,
            Param("p", "any", "a number from 0 to 100"),
        ),
        "value",
        "the smallest number that at least p percent of the numbers do not exceed",
        example="9",
    ),
    on_rows(
        "collect",
        gather_actions.collect,
        (_VALUES,),
        "a list",
        "the values as a list, null too: group(rows, user, {said: collect(.text)})",
        example='["disk full", "mail down"]',
        size=same_size,
        since=FIELDS_OF_PROMPTS,
    ),
    on_rows(
        "concat",
        gather_actions.concat,
        (_VALUES, Param("sep", "any", "what stands between two texts", default=SEPARATOR)),
        "a text",
        "the values as one text, without null: group(rows, session, {said: concat(.text)})",
        example='"disk full\\nmail down"',
        since=FIELDS_OF_PROMPTS,
    ),
)
