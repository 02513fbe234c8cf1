"""json_parse: text that is JSON becomes a value.

It reads what JSON is and nothing more, with the reader that also reads the replies of models: within limits of size and
depth, so that no text can make the kernel run out of memory or stack.
"""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Value


def json_parse(context: StepContext, text: Value) -> Value:
    """The value of a JSON text. Raises `Fault("json")` for any other text."""
    raw = context.require_text(text, "json_parse's argument")
    # Before reading, from counts of signs: `[[],[],[]]` becomes twenty times what it is as text.
    context.work(_WORK * len(raw), f"reading {len(raw):,} characters of JSON")
    context.ensure_fits(_most_memory(raw) // MEMORY_PER_VALUE_BYTE)
    value: Value = read_json(raw)
    if isinstance(text, Text) and context.follows(EVIDENCE_BY_PLACE):
        context.scanned.append(text)
    # After reading, since only then its size is known.
    context.ensure_room(context.size_of(value))
    return value


def _most_memory(text: str) -> int:
    """The most memory that a JSON text takes as a value; signs within strings count too."""
    lists, records, fields, items = map(text.count, "[{:,")
    return 64 * lists + 184 * records + 112 * fields + 64 * items + len(text)


_WORK = 20
"""Work for a character of JSON: about 50 MB a second."""
