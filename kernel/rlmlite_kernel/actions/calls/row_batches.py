"""Reading rows with a model: `classify` and `extract_over_rows`.

Rows go out in numbered batches, and exactly one answer a row comes back joined to it. Rows that are missing, doubled
or not of the form are asked for again, twice; what then still lacks is null, and that is said.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.actions.rows.rows import spread_columns
from rlmlite_kernel.effects.prompts import Ask, Place, PromptWriter, model_calls, next_round
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import DERIVED, LM, StepContext, TaintedValue, merge_taint
from rlmlite_kernel.evaluation.texts import as_text, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape, read_reply
from rlmlite_kernel.values.columns import Cells, Column
from rlmlite_kernel.values.values import Rows, Value, size_of

ROUNDS = 3
"""How often a row is asked for at most."""

_FIELD = "numbered_rows"  # where a batch stands in the prompt, and what its fence names


class _Reading(msgspec.Struct, frozen=True, eq=False):
    """What every round does alike. `lines` is each row as the model sees it; `name` the column of a bare answer."""

    rows: TaintedValue
    lines: tuple[str, ...]
    prompt: str
    schema: Schema
    role: str
    batch: int
    name: str
    inputs: Mapping[str, TaintedValue]

    @property
    def form(self) -> Schema:
        """What a reply must be."""
        return Many(Shape((("row", Basic("int"), False), ("answer", self.schema, False))))


def ask_classify(
    context: StepContext,
    place: Place,
    rows: TaintedValue,
    prompt: str,
    labels: TaintedValue,
    batch: int,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One label a row."""
    words = labels.value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise Fault("type", '`labels` is a list of texts, such as ["spam", "ham"]')
    schema = OneOf(tuple(Literal(word) for word in words if isinstance(word, str)))
    return _begin(context, place, rows, prompt, schema, batch, role, "label", inputs)


def ask_over_rows(
    context: StepContext,
    place: Place,
    rows: TaintedValue,
    prompt: str,
    schema: Schema,
    batch: int,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One answer a row; the fields of a record become columns."""
    return _begin(context, place, rows, prompt, schema, batch, role, "answer", inputs)


def _begin(
    context: StepContext,
    place: Place,
    rows: TaintedValue,
    prompt: str,
    schema: Schema,
    batch: int,
    role: str,
    name: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    table = context.require_rows(rows.value, "what is read row by row")
    lines = tuple(" ".join(as_text(line_of(table, item), context).split("\n")) for item in table.values(context.blobs))
    context.ensure_room(sum(map(len, lines)))
    reading = _Reading(
        TaintedValue(table, rows.origins, rows.sources), lines, prompt, schema, role, batch, name, inputs
    )
    return _ask(reading, tuple(range(len(lines))), {}, place, context)


def _ask(
    reading: _Reading, todo: tuple[int, ...], found: Mapping[int, Value], place: Place, context: StepContext
) -> Ask:
    batches = [todo[at : at + reading.batch] for at in range(0, len(todo), reading.batch)]
    texts = ["\n".join(f"{row + 1}: {reading.lines[row]}" for row in batch) for batch in batches]
    context.ensure_room(sum(map(size_of, texts)))
    shown = TaintedValue(Rows("rows", {_FIELD: Cells(texts)}, len(texts)), reading.rows.origins)
    writer = PromptWriter(context, dict(reading.inputs), shown)
    prompts = writer.write(f"{reading.prompt}\n\nOne answer for each of these rows:\n{{{_FIELD}}}", reading.form)
    calls = model_calls(prompts, reading.role, place, context)
    return Ask(calls, partial(_taken, reading, batches, found, place), whole=False)


def _taken(
    reading: _Reading,
    batches: Sequence[tuple[int, ...]],
    found: Mapping[int, Value],
    place: Place,
    context: StepContext,
    results: Sequence[Result],
) -> TaintedValue | Ask:
    known = dict(found)
    for batch, result in zip(batches, results, strict=True):
        known.update(_answers(batch, result, reading.form))
    context.ensure_room(sum(map(size_of, known.values())))
    todo = tuple(row for batch in batches for row in batch if row not in known)
    *_, round_ = place
    again = -(-len(todo) // reading.batch)
    asked_in_vain = not any(isinstance(result, Answered) for result in results)
    if todo and round_ + 1 < ROUNDS and not asked_in_vain and again <= context.budget_left("sub_calls"):
        return _ask(reading, todo, known, next_round(place), context)
    return _joined(reading, known, context)


def _answers(batch: tuple[int, ...], result: Result, form: Schema) -> dict[int, Value]:
    """The answers to rows of a batch that are there exactly once."""
    if not isinstance(result, Answered):
        return {}
    try:
        entries = read_reply(result.text, form)
    except Fault:
        return {}
    times = Counter(entry["row"] - 1 for entry in entries)
    asked = frozenset(batch)
    rows = ((entry["row"] - 1, entry["answer"]) for entry in entries)
    return {row: answer for row, answer in rows if row in asked and times[row] == 1}


def _joined(reading: _Reading, found: Mapping[int, Value], context: StepContext) -> TaintedValue:
    """The rows with their answers."""
    table = context.require_rows(reading.rows.value, "rows")
    answers = [found.get(row) for row in range(len(table))]
    columns: dict[str, Column] = dict(spread_columns(table, context))
    if isinstance(reading.schema, Shape):
        for name, _, _ in reading.schema.fields:
            columns[name] = Cells([answer.get(name) if isinstance(answer, dict) else None for answer in answers])
    else:
        columns[reading.name] = Cells(answers)
    lacking = [row for row in range(len(table)) if row not in found]
    if lacking and len(lacking) == len(table):
        raise Fault("calls_failed", f"none of {len(table):,} rows got an answer of the form")
    aside = dict(table.aside)
    if lacking:
        context.mark_partial("rows_lacking", f"{len(lacking):,} of {len(table):,} rows got no answer; see .failed")
    aside["failed"] = Rows("rows", {"index": Cells(lacking)}, len(lacking))
    origins, sources = merge_taint([reading.rows])
    made = Rows("rows", columns, len(table), table.spans, aside)
    return TaintedValue(made, origins | LM | DERIVED, sources)
