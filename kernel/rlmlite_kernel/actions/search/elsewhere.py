"""The inputs that a search without hits was not made in, as far as a hint may tell of them.

    search(log, "beta")     over the inputs log, notes, secret: `notes`, since the policy has a rule for `secret`

What a hint tells of an input is not tracked as something that its controller has learned. So inputs with rules are left
out, and all of them where the search was not of content of inputs, or strict rules hold. Not here: whether there are
hits (`search`).
"""

from collections.abc import Iterator, Sequence

from rlmlite_kernel.actions.search.targets import TargetPiece, target_pieces
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import RECORDS, Rows, Value


def other_inputs(pieces: Sequence[TargetPiece], context: StepContext) -> Iterator[tuple[str, list[TargetPiece]]]:
    """The names of inputs and their texts, in the order of the inputs, but for those that were searched as a whole."""
    is_of_inputs = any(context.turn.is_input(piece.text) for piece in pieces)
    if context.settings.policy.strict or not is_of_inputs:
        return
    searched = {piece.text for piece in pieces}
    for name in context.turn.inputs:
        held = context.variables.get(name)
        if held is None or held.origins & context.egress.ruled or not _is_text(held.value):
            continue
        others = target_pieces(held.value, "search", context)
        if not searched.issuperset(piece.text for piece in others):
            yield name, others


def _is_text(value: Value) -> bool:
    """Whether there is text to search without any being made."""
    if isinstance(value, Rows):
        is_made = isinstance(value.spans, RowSpans) and not value.spans.has_text
        return value.kind in ("documents", RECORDS) and value.spans is not None and not is_made
    return isinstance(value, Text)
