"""classify and extract_over_rows: a question about every row, many rows per call.

One call per row would repeat the question for each, and one call for all rows loses some: models skip rows, answer one
twice, or drift out of step. So rows go out in numbered batches, and an answer counts only if its number is one of the
batch and comes exactly once. Rows without such an answer are asked about again, in smaller company, for two more
rounds.

    batch=2, five rows      round 1: [1 2] [3 4] [5]     replies: 1, 2 | 3 | (timeout)
                            round 2: [4 5]               replies: 4
                            round 3: [5]                 replies: nothing that fits
    -> rows 1 to 4 with their answers, row 5 with null, in .failed, and the step is partial

A prompt that names fields of the rows, `"Is {subject} spam?"`, has these fields sent and no others; one that names none
has the rows sent whole.

A batch that does not fit a prompt, since the model's window is small or the rows are long, goes out in parts. What fits
follows from the settings on record and the rows alone.

Each round is a round of the step, so every prompt and reply is in the receipt. There is no next round if all calls of
this one failed (the model is most likely not reachable), or if the budget has no call left for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import numpy as np

from rlmlite_kernel.actions.rows.rows import spread_columns
from rlmlite_kernel.effects.calls import Ask, CallSet, CallSite, model_calls, next_round
from rlmlite_kernel.effects.fitting import pack, room_for_batches
from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.effects.second_tries import replied
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TaintedValue, merge_taint
from rlmlite_kernel.evaluation.texts import as_text, follow_path, has_field, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape, read_reply, refusal_of
from rlmlite_kernel.program.templates import Hole, holes, pieces
from rlmlite_kernel.records.evolution import CALLS_ARE_SHARED, FIELDS_OF_PROMPTS
from rlmlite_kernel.values.columns import Cells, Column
from rlmlite_kernel.values.values import Rows, Value, size_of

ROUNDS = 3
"""How many times a row is asked about at most."""

# Where a batch stands in the prompt, and what its fence names.
_BATCH = Hole("numbered_rows")


class _Questions(msgspec.Struct, frozen=True, eq=False):
    """What all rounds share. `lines` is each row as the model sees it; `column` holds answers that are not records.

    `fields` are the placeholders of the prompt that stand for fields of the rows: these alone are shown.
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
    fields: tuple[Hole, ...] = ()
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
    fields = _fields_of(prompt, table, inputs, context)
    texts = [as_text(value, context) for value in _shown(table, fields, context)]
    # A row with a line break could pass for two rows of the batch, or forge the number of another.
    lines = tuple(text.replace("\n", " ") for text in texts)
    context.ensure_room(sum(map(len, lines)))
    tainted_rows = TaintedValue(table, rows.origins, rows.sources, rows.words)
    questions = _Questions(tainted_rows, lines, prompt, schema, role, batch, column, inputs, fields, schema_origins)
    all_rows = tuple(range(len(lines)))
    return _ask_round(questions, all_rows, {}, place, context)


def _fields_of(prompt: str, rows: Rows, inputs: Mapping[str, TaintedValue], context: StepContext) -> tuple[Hole, ...]:
    """The placeholders of a prompt that stand for fields of the rows, each once."""
    if not context.follows(FIELDS_OF_PROMPTS):
        return ()
    named = [hole for hole in dict.fromkeys(holes(prompt)) if hole.name not in inputs]
    return tuple(hole for hole in named if len(rows) and has_field(rows, hole.name, context))


def _shown(rows: Rows, fields: Sequence[Hole], context: StepContext) -> list[Value]:
    """What is shown of each row: the fields that the prompt names, one as it is and several as a record; else all."""
    if not fields:
        return [line_of(rows, item) for item in rows.values(context.blobs)]
    columns = [
        [follow_path(cell, hole.path, context) for cell in access.column_cells(rows, hole.name, context)]
        for hole in fields
    ]
    if len(columns) == 1:
        return columns[0]
    return [dict(zip(map(str, fields), values, strict=True)) for values in zip(*columns, strict=True)]


def _ask_round(
    questions: _Questions,
    rows: tuple[int, ...],
    answers: Mapping[int, Value],
    place: CallSite,
    context: StepContext,
    wrong: str = "",
) -> Ask:
    """One call per batch of `rows`, which are numbers from 0. `answers` are those of earlier rounds, of which `wrong`
    says what was wrong.
    """
    firsts = range(0, len(rows), questions.batch)
    batches: Sequence[tuple[int, ...]] = [rows[first : first + questions.batch] for first in firsts]
    calls = _calls(questions, batches, wrong, place, context)
    smaller = _split(questions, batches, calls, context)
    if len(smaller) > len(batches):
        batches = smaller
        with context.unsaid():
            calls = _calls(questions, batches, wrong, place, context)
    take_replies = partial(_take_replies, questions, batches, answers, place)
    # Not `whole`: a batch that is too long for any prompt is not sent, and its rows end in `.failed` like others.
    return Ask(calls, take_replies, whole=False, check=partial(_what_is_wrong, batches, questions.reply_schema))


def _calls(
    questions: _Questions, batches: Sequence[tuple[int, ...]], wrong: str, place: CallSite, context: StepContext
) -> CallSet:
    """A call for each batch."""
    texts = [_number_lines(batch, questions.lines) for batch in batches]
    context.ensure_room(sum(map(size_of, texts)))
    # The batches go in as a column: the prompt writer fences its cells and gives the prompts the rows' origins.
    batch_rows = Rows("rows", {_BATCH.name: Cells(texts)}, len(texts))
    tainted_batches = TaintedValue(batch_rows, questions.rows.origins)
    writer = PromptWriter(
        context,
        dict(questions.inputs),
        tainted_batches,
        partial(_hold_batch, questions, batches, context),
    )
    template = _template_of(questions, wrong)
    prompts = writer.write(template, questions.reply_schema, questions.schema_origins)
    return model_calls(prompts, questions.role, place, context)


def _split(
    questions: _Questions, batches: Sequence[tuple[int, ...]], calls: CallSet, context: StepContext
) -> Sequence[tuple[int, ...]]:
    """The batches, those in parts that do not fit a prompt. A row that does not fit alone stays alone."""
    room = room_for_batches(calls.model, context)
    if not batches or room is None or int(calls.sizes.max()) <= room:
        return batches
    smaller: list[tuple[int, ...]] = []
    for batch, size in zip(batches, calls.sizes.tolist(), strict=True):
        # With the line break that separates each from the next.
        lines = [len(_number_lines((row,), questions.lines).encode()) + 1 for row in batch]
        rest = size - sum(lines) + 1
        smaller += [batch[part.start : part.stop] for part in pack(lines, len(batch), room - rest + 1)]
    if len(smaller) > len(batches):
        context.note(
            f"{len(batches):,} batches did not all fit a prompt of {room:,} bytes, and went out as {len(smaller):,}",
            code="batches_split",
        )
    return smaller


def _template_of(questions: _Questions, wrong: str) -> list[str | Hole]:
    """The prompt of every batch. Its placeholders for fields stay as they are: the rows below say what they hold.

    `wrong` is what was wrong with an answer of the round before, if there was one.
    """
    fields = questions.fields
    prompt = [f"{{{piece}}}" if piece in fields else piece for piece in pieces(questions.prompt)]
    refused = f"\n\nAn answer about these rows was refused: {wrong}." if wrong else ""
    names = ", ".join(f"{{{hole}}}" for hole in fields)
    instead = f", each of which gives {names}" if names else ""
    return [*prompt, f"{refused}\n\nOne answer for each of these rows{instead}:\n", _BATCH]


def _hold_batch(questions: _Questions, batches: Sequence[tuple[int, ...]], context: StepContext, call: int) -> Holding:
    """What the prompt of a batch holds of its rows."""
    asked = questions.rows
    table = context.require_rows(asked.value, "rows").take(np.array(batches[call], np.int64))
    if not questions.fields:
        return Holding(table, asked.words)
    # The texts in these fields alone: nothing else of the rows was sent.
    return Holding(_shown(table, questions.fields, context), asked.words)


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
    asks_again = context.follows(CALLS_ARE_SHARED)
    any_reply = any(map(replied if asks_again else _is_answered, results))
    calls_needed = -(-len(missing) // questions.batch)
    affordable = calls_needed <= context.budget_left("sub_calls")
    if missing and has_round_left and any_reply and affordable:
        wrong = _first_wrong(batches, results, questions.reply_schema) if asks_again else ""
        return _ask_round(questions, missing, answers, next_round(place), context, wrong)
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


def _is_answered(result: Result) -> bool:
    return isinstance(result, Answered)


def _what_is_wrong(batches: Sequence[tuple[int, ...]], reply_schema: Schema, index: int, text: str) -> str:
    """What is wrong with the reply to a batch: its form, or that it does not answer each row once."""
    refused = refusal_of(text, reply_schema)
    if refused:
        return refused
    answered = _read_batch(batches[index], Answered(text), reply_schema)
    lacking = len(batches[index]) - len(answered)
    return f"{lacking:,} rows had no answer, or more than one, under their number" if lacking else ""


def _first_wrong(batches: Sequence[tuple[int, ...]], results: Sequence[Result], reply_schema: Schema) -> str:
    """What was wrong with the first reply that was not whole; empty where nobody replied."""
    for index, result in enumerate(results):
        wrong = _what_is_wrong(batches, reply_schema, index, result.text) if isinstance(result, Answered) else ""
        if wrong:
            return wrong
    return ""


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
