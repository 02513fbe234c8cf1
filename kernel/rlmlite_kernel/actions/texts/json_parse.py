"""json_parse: text that is JSON becomes a value.

It reads what JSON is and nothing more, with the reader that also reads the replies of models: within limits of size and
depth, so that no text can make the kernel run out of memory or stack.
"""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.values.values import Value, size_of


def json_parse(context: StepContext, text: Value) -> Value:
    """The value of a JSON text. Raises `Fault("json")` for any other text."""
    raw = context.require_text(text, "json_parse's argument")
    value: Value = read_json(raw)
    # After reading, since only then its size is known.
    context.ensure_room(size_of(value))
    return value
