"""What parse_lines says of a form and of its lines, whether they are held as columns or as a recipe."""

from collections.abc import Mapping, Sequence

from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import HABITS_OF_ROWS, ROWS_BY_RECIPE
from rlmlite_kernel.values.columns import Spans
from rlmlite_kernel.values.lines import kind

LINE_COLUMNS = ("doc", "line", "start", "end", "text")
"""The fields of every line. Those of the form come after them."""


def reserved_columns(context: StepContext) -> tuple[str, ...]:
    """The columns of lines that no field of a form may have the name of; `text` gives way to one of the form's."""
    return LINE_COLUMNS[:-1] if context.follows(HABITS_OF_ROWS) else LINE_COLUMNS


def is_large(pieces: Sequence[TargetPiece], matcher: Matcher, context: StepContext) -> bool:
    """Whether the lines of these texts are held as a recipe. A form that may cross lines is not for blocks of lines."""
    if not context.follows(ROWS_BY_RECIPE) or matcher.reads_blocks:
        return False
    return sum(len(piece.text) for piece in pieces) >= kind.LARGE


def require_fields(named: Mapping[str, object]) -> None:
    """Raise `Fault("query")` for a form that names no group."""
    if not named:
        raise Fault("query", 'parse_lines needs named groups: /(?<user>\\d+) .../ or a template "{user} ..."')


def warn_of_empty_fields(fields: Mapping[str, object], lines: int, where: str, context: StepContext) -> None:
    """Say which fields hold nothing in any of some lines: their form most likely takes the lines apart elsewhere."""
    for name, field in fields.items():
        if lines and isinstance(field, Spans) and bool((field.stops <= field.starts).all()):
            context.warn(f"`{name}` is empty {where} ({lines:,}): check the form", code="fields_empty")


def warn_of_unmatched(unmatched: int, matched: int, context: StepContext, blank: int = 0) -> None:
    """Say how many lines do not match: they are set apart, not dropped, or counts would be wrong in silence.

    With blank lines nothing is lost: where there are no others, nothing is said.
    """
    if unmatched > blank:
        context.warn(
            f"{unmatched:,} of {unmatched + matched:,} lines do not match; they are in .unmatched",
            code="lines_unmatched",
        )


def warn_of_lead_in(lines: int, context: StepContext) -> None:
    """Say how many lines stand before the first record of their text, and so belong to none."""
    if lines:
        context.warn(
            f"{lines:,} lines stand before the first record of their text; they are in .unmatched",
            code="lines_unmatched",
        )
