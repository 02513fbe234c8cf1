"""The folds of `group` as they are written: max(.date), percentile(.ms, 95), count()."""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import evaluate
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Call, Expr
from rlmlite_kernel.program.binding import FOLDS
from rlmlite_kernel.values.values import Value


def checked_fold(node: Expr) -> Call:
    """A fold as it is written. Raises `Fault` for anything else."""
    if not isinstance(node, Call) or node.name not in FOLDS or node.named:
        raise Fault("type", f"a fold is one of {', '.join(FOLDS)}, such as max(.date)")
    wanted = 2 if node.name == "percentile" else 1
    takes_separator = node.name == "concat" and len(node.args) == 2
    is_count_of_rows = not node.args and node.name == "count"
    if len(node.args) != wanted and not (is_count_of_rows or takes_separator):
        example = f"{node.name}(.n{', 95' if wanted == 2 else ''})"
        raise Fault("arguments", f"{node.name}(...) needs a field to fold, such as {example}")
    return node


def more_arguments(call: Call, context: StepContext) -> list[Value]:
    """The arguments after the field: the percent of a percentile."""
    return [resolve(evaluate(other, context).value, context) for other in call.args[1:]]
