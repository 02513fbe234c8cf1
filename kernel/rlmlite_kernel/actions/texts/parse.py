"""json_parse: text that is JSON becomes a value."""

from rlmlite_kernel.evaluation.context import Job
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.values.values import Value, size_of


def json_parse(job: Job, text: Value) -> Value:
    """The value that a JSON text spells; a fault when it is none."""
    raw = job.text(text, "json_parse's argument")
    value: Value = read_json(raw)
    job.room(size_of(value))
    return value
