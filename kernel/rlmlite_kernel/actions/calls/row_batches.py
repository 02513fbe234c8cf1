"""classify and extract_over_rows: a question about every row, many rows per call.

One call per row would repeat the question for each, and one call for all rows loses some: models skip rows, answer one
twice, or drift out of step. So rows go out in numbered batches, and an answer counts only if its number is one of the
batch and comes exactly once. Rows without such an answer are asked about again, in smaller company, for two more
rounds.

    batch=2, five rows      round 1: [1 2] [3 4] [5]     replies: 1, 2 | 3 | (timeout)
                            round 2: [4 5]               replies: 4
                            round 3: [5]                 replies: nothing that fits
    -> rows 1 to 4 with their answers, row 5 with null, in .failed, and the step is partial

Each round is a round of the step, so every prompt and reply is in the receipt. There is no next round if all calls of
this one failed (the model is most likely not reachable), or if the budget has no call left for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import numpy as np

from rlmlite_kernel.actions.rows.rows import spread_columns
from rlmlite_kernel.effects.calls import Ask, CallSite, model_calls, next_round
from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TaintedValue, merge_taint
from rlmlite_kernel.evaluation.texts import as_text, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape, read_reply
from rlmlite_kernel.values.columns import Cells, Column
from rlmlite_kernel.values.values import Rows, Value, size_of

ROUNDS = 3
"""How many times a row is asked about at most."""

# Where a batch stands in the prompt, and what its fence names.
_FIELD = "numbered_rows"


class _Questions(msgspec.Struct, frozen=True, eq=False):
    """What all rounds share. `lines` is each row as the model sees it; `column` holds answers that are not records.

    `schema_origins` is where the words of the schema come from.
    """

    rows: TaintedValue
    lines: tuple[str, ...]
    prompt: str
    schema: Schema
    role: str
    batch: int
    column: str
    inputs: Mapping[str, TaintedValue]
    schema_origins: int = 0

    @property
    def reply_schema(self) -> Schema:
        """What a reply must match: `[{row: int, answer: ...}]`."""
        row = ("row", Basic("int"), False)
        answer = ("answer", self.schema, False)
        return Many(Shape((row, answer)))


def ask_classify(
    context: StepContext,
    place: CallSite,
    rows: TaintedValue,
    prompt: str,
    labels: TaintedValue,
    batch: int,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One label per row; the labels become the schema, so a reply with any other word does not count."""
    values = labels.value if isinstance(labels.value, list) else []
    words = [value for value in values if isinstance(value, str)]
    if not words or len(words) < len(values):
        raise Fault("type", '`labels` must be a list of texts, such as ["spam", "ham"]')
    schema = OneOf(tuple(map(Literal, words)))
    return _begin(context, place, rows, prompt, schema, batch, role, "label", inputs, labels.origins)


def ask_over_rows(
    context: StepContext,
    place: CallSite,
    rows: TaintedValue,
    prompt: str,
    schema: Schema,
    batch: int,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One answer per row; the fields of a record become columns."""
    return _begin(context, place, rows, prompt, schema, batch, role, "answer", inputs)


def _begin(
    context: StepContext,
    place: CallSite,
    rows: TaintedValue,
    prompt: str,
    schema: Schema,
    batch: int,
    role: str,
    column: str,
    inputs: dict[str, TaintedValue],
    schema_origins: int = 0,
) -> Ask:
    """The first round: all rows, each as one line, since a batch is a numbered list of lines."""
    table = context.require_rows(rows.value, "the first argument")
    texts = [as_text(line_of(table, item), context) for item in table.values(context.blobs)]
    # A row with a line break could pass for two rows of the batch, or forge the number of another.
    lines = tuple(text.replace("\n", " ") for text in texts)
    context.ensure_room(sum(map(len, lines)))
    tainted_rows = TaintedValue(table, rows.origins, rows.sources, rows.words)
    questions = _Questions(tainted_rows, lines, prompt, schema, role, batch, column, inputs, schema_origins)
    all_rows = tuple(range(len(lines)))
    return _ask_round(questions, all_rows, {}, place, context)


def _ask_round(
    questions: _Questions,
    rows: tuple[int, ...],
    answers: Mapping[int, Value],
    place: CallSite,
    context: StepContext,
) -> Ask:
    """One call per batch of `rows`, which are numbers from 0. `answers` are those of earlier rounds."""
    firsts = range(0, len(rows), questions.batch)
    batches = [rows[first : first + questions.batch] for first in firsts]
    texts = [_number_lines(batch, questions.lines) for batch in batches]
    context.ensure_room(sum(map(size_of, texts)))
    # The batches go in as a column: the prompt writer fences its cells and gives the prompts the rows' origins.
    batch_rows = Rows("rows", {_FIELD: Cells(texts)}, len(texts))
    tainted_batches = TaintedValue(batch_rows, questions.rows.origins)
    asked = questions.rows
    table = context.require_rows(asked.value, "rows")
    writer = PromptWriter(
        context,
        dict(questions.inputs),
        tainted_batches,
        lambda call: Holding(table.take(np.array(batches[call], np.int64)), asked.words),
    )
    template = f"{questions.prompt}\n\nOne answer for each of these rows:\n{{{_FIELD}}}"
    prompts = writer.write(template, questions.reply_schema, questions.schema_origins)
    calls = model_calls(prompts, questions.role, place, context)
    take_replies = partial(_take_replies, questions, batches, answers, place)
    # Not `whole`: a batch that is too long for any prompt is not sent, and its rows end in `.failed` like others.
    return Ask(calls, take_replies, whole=False)


def _number_lines(batch: tuple[int, ...], lines: tuple[str, ...]) -> str:
    """A batch as the model sees it. Models count from 1, so row 0 is `1: ...`."""
    return "\n".join(f"{row + 1}: {lines[row]}" for row in batch)


def _take_replies(
    questions: _Questions,
    batches: Sequence[tuple[int, ...]],
    earlier: Mapping[int, Value],
    place: CallSite,
    context: StepContext,
    results: Sequence[Result],
) -> TaintedValue | Ask:
    """The next round for the rows that have no answer yet, or the rows with all answers."""
    # A copy: `earlier` is part of the ask of this round, and a turn that is forked settles the same ask again.
    answers = dict(earlier)
    for batch, result in zip(batches, results, strict=True):
        answers.update(_read_batch(batch, result, questions.reply_schema))
    context.ensure_room(sum(map(size_of, answers.values())))
    rows_asked = [row for batch in batches for row in batch]
    missing = tuple(row for row in rows_asked if row not in answers)
    *_, round_number = place
    has_round_left = round_number + 1 < ROUNDS
    # A further round pays only if it can be made whole, and if somebody is there to answer it.
    any_reply = any(isinstance(result, Answered) for result in results)
    calls_needed = -(-len(missing) // questions.batch)
    affordable = calls_needed <= context.budget_left("sub_calls")
    if missing and has_round_left and any_reply and affordable:
        return _ask_round(questions, missing, answers, next_round(place), context)
    return _join_answers(questions, answers, context)


def _read_batch(batch: tuple[int, ...], result: Result, reply_schema: Schema) -> dict[int, Value]:
    """The answers of one reply, by row. An answer counts if its row is in the batch and occurs exactly once."""
    if not isinstance(result, Answered):
        return {}
    try:
        entries = read_reply(result.text, reply_schema)
    except Fault:
        # Not a fault of the step: the rows stay without an answer, and the next round asks about them.
        return {}
    rows_asked = frozenset(batch)
    times = Counter(entry["row"] for entry in entries)
    answers: dict[int, Value] = {}
    for entry in entries:
        number = entry["row"]
        # Models count from 1; see `_number_lines`.
        row = number - 1
        # A number that comes twice says that the model lost count: neither of its answers can be trusted.
        is_single = times[number] == 1
        if is_single and row in rows_asked:
            answers[row] = entry["answer"]
    return answers


def _join_answers(questions: _Questions, answers: Mapping[int, Value], context: StepContext) -> TaintedValue:
    """The rows with their answers. Raises `Fault("calls_failed")` if none of them has one."""
    table = context.require_rows(questions.rows.value, "rows")
    count = len(table)
    in_order = [answers.get(row) for row in range(count)]
    # Not the nulls of `in_order`: a schema may allow null as an answer.
    missing = [row for row in range(count) if row not in answers]
    # A column of the answers takes the place of one of the same name.
    columns = {**spread_columns(table, context), **_answer_columns(questions, in_order)}
    if missing and len(missing) == count:
        raise Fault("calls_failed", f"none of the {count:,} rows got an answer that matches the schema")
    if missing:
        context.mark_partial("rows_lacking", f"{len(missing):,} of {count:,} rows got no answer; see .failed")
    failed = Rows("rows", {"index": Cells(missing)}, len(missing))
    rows = Rows("rows", columns, count, table.spans, {**table.aside, "failed": failed})
    # Unlike an answer of sub_lm, these are the rows themselves with more columns: all their origins and spans stay.
    origins, sources = merge_taint([questions.rows])
    return TaintedValue(rows, origins | LM | DERIVED, sources, questions.rows.words)


def _answer_columns(questions: _Questions, answers: list[Value]) -> dict[str, Column]:
    """A column for each field of the schema, or a single one for answers that are not records."""
    if not isinstance(questions.schema, Shape):
        return {questions.column: Cells(answers)}
    columns: dict[str, Column] = {}
    for name, _, _ in questions.schema.fields:
        # A row without an answer is null here, and null in every column.
        cells = [answer.get(name) if isinstance(answer, dict) else None for answer in answers]
        columns[name] = Cells(cells)
    return columns
