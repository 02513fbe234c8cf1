"""render: rows as text, through a template.

    render(hits, "{line}: {text}")     ->  "12: 08:14 ERROR disk\\n98: 17:02 ERROR mail"

`{name}` is a field of the row, else a variable, which is the same for every row; `{user.name}` looks into it. The cells
of each field are fetched before the first row is written, so that a column that must be read is read once.
"""

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import FEWER_ROWS, StepContext
from rlmlite_kernel.evaluation.texts import as_text, follow_path, has_field
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.program.templates import Hole, pieces
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import Rows, Value


def render(context: StepContext, rows: Value, template: str, sep: str) -> Value:
    """Each row through a template, joined by `sep`. Raises `Fault("template")` for a name that is neither."""
    table = context.require_rows(rows, "render's first argument")
    parts = pieces(template)
    # Column by column first: reading a field row by row would decode its column once per row.
    columns = {hole.name: _cells(hole, table, context) for hole in parts if isinstance(hole, Hole)}
    context.work(NODE * len(table) * (1 + len(parts)), f"rendering {len(table):,} rows")
    lines: list[str] = []
    for row in range(len(table)):
        words = [part if isinstance(part, str) else _fill(part, columns, table, row, context) for part in parts]
        line = "".join(words)
        # Row by row: a render of a million rows stops at the row that is too much, not after the last.
        context.ensure_room(len(line) + len(sep), FEWER_ROWS)
        lines.append(line)
    return sep.join(lines)


def _fill(hole: Hole, columns: dict[str, list[Value]], table: Rows, row: int, context: StepContext) -> str:
    """The text of a placeholder in one row."""
    field = follow_path(columns[hole.name][row], hole.path, context)
    if field is None and context.says_nulls:
        context.misses.count_hole(f"{{{hole}}}", table, row, context.blobs)
    return as_text(field, context)


def _cells(hole: Hole, rows: Rows, context: StepContext) -> list[Value]:
    """The value of a placeholder for every row."""
    # A field comes first, so that a template means the same whatever variables the run has.
    if has_field(rows, hole.name, context):
        return access.column_cells(rows, hole.name, context)
    if hole.name in context.variables:
        return [context.variables[hole.name].value] * len(rows)
    known = [*rows.columns, *context.variables]
    near = did_you_mean(hole.name, known) or f"known: {list_names(known)}"
    raise Fault("template", f"{{{hole}}} is neither a field of the rows nor a variable; {near}")
