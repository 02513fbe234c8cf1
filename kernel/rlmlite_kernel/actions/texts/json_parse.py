"""json_parse: text that is JSON becomes a value."""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.values.values import Value, size_of


def json_parse(context: StepContext, text: Value) -> Value:
    """The value that a JSON text spells; a fault when it is none."""
    raw = context.require_text(text, "json_parse's argument")
    value: Value = read_json(raw)
    context.ensure_room(size_of(value))
    return value
