"""Reading with a model: sub_lm, extract_over_chunks. The kernel asks, a driver calls, results come back by index."""

from collections.abc import Sequence
from functools import partial

import msgspec

from rlmlite_kernel.effects.prompts import Ask, Place, PromptWriter, model_calls
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import DERIVED, LM, StepContext, TaintedValue, input_bits_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Schema, read_reply
from rlmlite_kernel.values.columns import Cells, Spans
from rlmlite_kernel.values.values import LIST, Rows, Value, listed, size_of


class _Reading(msgspec.Struct, frozen=True, eq=False):
    """What is to be made of the answers. `spans` are those of the chunks; `single` is one answer, not a list."""

    schema: Schema | None
    least: int
    origins: int
    spans: Spans | None = None
    single: bool = False


def ask_sub(
    context: StepContext,
    place: Place,
    prompt: str | TaintedValue,
    role: str,
    schema: Schema | None,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One call."""
    if isinstance(prompt, TaintedValue):
        inputs, prompt = {"prompt": prompt}, "{prompt}"
    prompts = PromptWriter(context, inputs, None).write(prompt, schema)
    calls = model_calls(prompts, role, place, context)
    return Ask(calls, partial(_settle, _Reading(schema, 1, input_bits_of(prompts.origins), single=True)))


def ask_over_chunks(
    context: StepContext,
    place: Place,
    chunks: TaintedValue,
    prompt: str,
    schema: Schema | None,
    role: str,
    on_error: str,
    min_ok: int,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """A call a chunk, the same question for each."""
    rows = context.require_rows(chunks.value, "what extract_over_chunks goes over")
    prompts = PromptWriter(context, inputs, TaintedValue(rows, chunks.origins, chunks.sources)).write(prompt, schema)
    calls = model_calls(prompts, role, place, context)
    whole = on_error == "fail"
    least = len(calls) if whole else min(min_ok, len(calls))
    return Ask(calls, partial(_settle, _Reading(schema, least, input_bits_of(prompts.origins), rows.spans)), whole)


def _settle(reading: _Reading, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The value of the answers: one for sub_lm, a list in the chunks' order otherwise, null where a call failed."""
    values: list[Value] = []
    errors: list[tuple[int, str]] = []
    for index, result in enumerate(results):
        value, error = _answer(result, reading.schema)
        context.ensure_room(size_of(value))
        values.append(value)
        if error:
            errors.append((index, error))
    ok = len(values) - len(errors)
    if ok < reading.least:
        needed = f"{reading.least:,} are needed: {_tally(errors)}"
        raise Fault("calls_failed", f"{ok:,} of {len(values):,} calls succeeded, {needed}")
    origins = LM | DERIVED | reading.origins
    if reading.single:
        return TaintedValue(values[0], origins)
    if errors:
        context.mark_partial(
            "calls_failed", f"{len(errors):,} of {len(values):,} calls failed ({_tally(errors)}); see .failed"
        )
    spans = reading.spans
    return TaintedValue(_rows(values, errors, spans), origins, () if spans is None else (spans,))


def _answer(result: Result, schema: Schema | None) -> tuple[Value, str]:
    """A call's value, or null and the class of its error."""
    if not isinstance(result, Answered):
        return None, result.error
    if schema is None:
        return result.text, ""
    try:
        value: Value = read_reply(result.text, schema)
    except Fault:
        return None, "schema"
    return value, ""


def _tally(errors: list[tuple[int, str]]) -> str:
    kinds = sorted({error for _, error in errors})
    return ", ".join(f"{sum(error == kind for _, error in errors):,} {kind}" for kind in kinds)


def _rows(values: list[Value], errors: list[tuple[int, str]], spans: Spans | None) -> Rows:
    rows = listed(values, spans)
    failed = {"index": Cells([index for index, _ in errors]), "error": Cells([error for _, error in errors])}
    return Rows(LIST, rows.columns, len(rows), spans, {"failed": Rows("rows", failed, len(errors))})
