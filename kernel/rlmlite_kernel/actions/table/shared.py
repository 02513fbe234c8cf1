"""What several families of the table share: parameters, and the shape of an action on rows."""

from collections.abc import Mapping
from typing import Any

from rlmlite_kernel.actions.calls.row_batches import ROUNDS
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import Extent, PricedCall, Range, SizeRule, unknown_size
from rlmlite_kernel.records.settings import SUB_ROLE

TARGET = Param("target", "target", "text, documents, or rows with a text")
ROWS = Param("rows", "rows", "rows or a list")
ROLE = Param("role", "text", "the role that answers", default=SUB_ROLE, named_only=True)
BATCH = Param("batch", "int", "how many rows go into one call", default=20, least=1, named_only=True)


def on_rows(
    name: str,
    run: Any,
    params: tuple[Param, ...],
    result: str,
    help_: str,
    example: str,
    fused: Mapping[str, str] | None = None,
    size: SizeRule = unknown_size,
    since: int | None = None,
) -> Action:
    """An action on rows. It may stand in row expressions unless it takes one itself."""
    # Inside of another row expression, `.name` could be a field of the outer row as well as of the inner one.
    takes_row_expression = any(param.kind in ("expr", "key", "folds") for param in params)
    return Action(
        name=name,
        family="rows",
        params=params,
        run=run,
        help=help_,
        result=result,
        example=example,
        in_rows=not takes_row_expression,
        fused=fused or {},
        size=size,
        since=since,
    )


def calls_per_batch(call: PricedCall, rows: Range) -> dict[str, Range]:
    """One call for each batch of rows, and again for what was not answered, up to `ROUNDS` times in all.

    100 rows at 20 a batch are at least 5 calls. At most there are 15: a later round never has more batches. How long
    rows are is not known here, so for a model with a window it may be a call for each row.
    """
    batches = rows.groups_of(call.whole_number("batch"))
    # The lower bound is one round: every batch may be answered in full at once.
    most = None if batches.high is None else batches.high * ROUNDS
    if call.has_window and rows.high is not None:
        # Batches that do not fit it are split, at most to single rows.
        most = rows.high * ROUNDS
    return call.model_calls(Range(batches.low, most))


def text_pieces(call: PricedCall) -> Extent:
    """Pieces of a text that do not overlap: at most one for each byte."""
    text = call.subject.text_bytes.at_most()
    return Extent(text, text)
