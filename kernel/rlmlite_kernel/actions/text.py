"""Making text out of values: render, and how any value reads as text."""

from rlmlite_kernel import access
from rlmlite_kernel.canonical import value_bytes
from rlmlite_kernel.columns import Text
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import Job
from rlmlite_kernel.observe import worded
from rlmlite_kernel.problems import did_you_mean
from rlmlite_kernel.templates import Hole, pieces
from rlmlite_kernel.values import LIST, Rows, Value, plain, plain_size, rows_of


def as_text(value: Value, job: Job) -> str:
    """Any value as text: texts as they are, null as nothing, lists by line, anything else as canonical JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Text):
        return job.text(value, "the value")
    rows = rows_of(value)
    if rows is not None:
        return "\n".join(as_text(line_of(rows, item), job) for item in rows.values(job.blobs))
    job.room(plain_size(value, job.blobs))
    return value_bytes(plain(value, job.blobs)).decode()


def line_of(rows: Rows, item: Value) -> Value:
    """What stands for a row in running text: its text where rows are pieces of one, else the whole row."""
    if rows.kind != LIST and isinstance(item, dict) and "text" in item:
        return item["text"]
    return item


def render(job: Job, rows: Value, template: str, sep: str) -> Value:
    """Each row through a template, joined. `{name}` is a field of the row, else a variable."""
    table = job.rows(rows, "render's first argument")
    parts = pieces(template)
    columns = {hole.name: _cells(hole, table, job) for hole in parts if isinstance(hole, Hole)}
    lines: list[str] = []
    for row in range(len(table)):
        line = "".join(part if isinstance(part, str) else _filled(part, columns, row, job) for part in parts)
        job.room(len(line) + len(sep))
        lines.append(line)
    return sep.join(lines)


def _filled(hole: Hole, columns: dict[str, list[Value]], row: int, job: Job) -> str:
    return as_text(follow(columns[hole.name][row], hole.path, job), job)


def _cells(hole: Hole, rows: Rows, job: Job) -> list[Value]:
    if has_field(rows, hole.name, job):
        return access.column_cells(rows, hole.name, job)
    if hole.name in job.names:
        return [job.names[hole.name].value] * len(rows)
    known = [*rows.columns, *job.names]
    near = did_you_mean(hole.name, known) or f"known: {worded(known)}"
    raise Fault("template", f"{{{hole}}} names no field of the rows and no variable; {near}")


def has_field(rows: Rows, name: str, job: Job) -> bool:
    """Whether the rows have a field of this name."""
    if access.column_name(rows, name) is not None or not len(rows):
        return True
    if "value" not in rows.columns:
        return False
    return any(isinstance(cell, dict) and name in cell for cell in rows.columns["value"].cells(job.blobs))


def follow(value: Value, path: tuple[str, ...], job: Job) -> Value:
    """The fields of a placeholder's path, null where one is missing."""
    for name in path:
        value = (
            access.record_field(value, name) if isinstance(value, dict | None) else access.attribute(value, name, job)
        )
    return value
