"""collect and concat as actions: of all values of a list. Inside of `group` they are of the rows of a key."""

from rlmlite_kernel.actions.rows.columns.gathers import gather_values
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import row_values
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, rows_of


def collect(context: StepContext, values: Value) -> Value:
    """The values as a list."""
    return gather_values("collect", row_values(_list(context, values, "collect"), context), [], context)


def concat(context: StepContext, values: Value, sep: Value) -> Value:
    """The values as one text; null is left out."""
    return gather_values("concat", row_values(_list(context, values, "concat"), context), [sep], context)


def _list(context: StepContext, values: Value, name: str) -> Rows:
    if rows_of(values) is None:
        raise Fault("type", f"{name} takes a list, not {kind_of(values)}; two values are joined by a + b")
    rows = context.require_rows(values, f"{name}'s argument")
    if rows.kind != LIST:
        raise Fault("type", f"{name} takes a list of values; choose a field: {name}(rows.field)")
    return rows
