"""json_parse: text that is JSON becomes a value.

    json_parse("{\\"n\\": 3}")                     {"n": 3}
    extend(log.lines, {j: json_parse(.text)})     a value for each line; null for one that is not JSON, with a warning

It reads what JSON is and nothing more, with the reader that also reads the replies of models: within limits of size and
depth, so that no text can make the kernel run out of memory or stack. By itself a text that is not JSON is a fault; in
a row expression one odd row must not end the step.
"""

import re

from rlmlite_kernel.actions.scalars.plain import say_null
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE, TIMES_AND_STEMS
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Value


def json_parse(context: StepContext, text: Value) -> Value:
    """The value of a JSON text. Raises `Fault("json")` for any other text, unless it is called for each row."""
    if context.is_alone or not context.follows(TIMES_AND_STEMS):
        return _read(text, context)
    if not isinstance(text, str | Text):
        return say_null("json_parse", None, text, "not_texts", "texts", context)
    try:
        return _read(text, context)
    except Fault as fault:
        if fault.code != "json":
            raise
        # Without the place in the text: the tally is one for each reason.
        reason = re.sub(" at line .*", "", fault.message).removeprefix("not JSON: ")
        context.miss("not_json", "the text is not JSON", "texts are not JSON", example_of(text, context.blobs), reason)
        return None


def _read(text: Value, context: StepContext) -> Value:
    raw = context.require_text(text, "json_parse's argument")
    # Before reading, from counts of signs: `[[],[],[]]` becomes twenty times what it is as text.
    context.work(_WORK * len(raw), f"reading {len(raw):,} characters of JSON")
    context.ensure_fits(_most_memory(raw) // MEMORY_PER_VALUE_BYTE)
    value: Value = read_json(raw)
    if isinstance(text, Text) and context.follows(EVIDENCE_BY_PLACE):
        _note_scanned(text, context)
    # After reading, since only then its size is known.
    context.ensure_room(context.size_of(value))
    return value


def _note_scanned(text: Text, context: StepContext) -> None:
    """The text was looked at; lines that follow each other are one span, with the line ends between them."""
    last = context.scanned[-1] if context.scanned else None
    if last is not None and last.blob == text.blob and 0 <= text.start - last.stop <= len("\r\n"):
        context.scanned[-1] = Text(last.blob, last.start, text.stop)
    else:
        context.scanned.append(text)


def _most_memory(text: str) -> int:
    """The most memory that a JSON text takes as a value; signs within strings count too."""
    lists, records, fields, items = map(text.count, "[{:,")
    return 64 * lists + 184 * records + 112 * fields + 64 * items + len(text)


_WORK = 20
"""Work for a character of JSON: about 50 MB a second."""
