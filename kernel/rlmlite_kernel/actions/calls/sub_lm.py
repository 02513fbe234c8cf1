"""sub_lm and extract_over_chunks: one question to a model, or the same question about every chunk.

The kernel makes no calls. An action returns an `Ask`, the requests and a function that makes a value of the results;
the driver makes the calls, in any order and with retries of its own, and hands all results back by index:

    labels = extract_over_chunks(chunks, "What is this? {chunk}", schema={label: str})      3 chunks
    -> Ask of 3 requests -> results [ok, timeout, ok] -> [{"label": "log"}, null, {"label": "mail"}], partial
       labels.failed is [{"index": 1, "error": "timeout"}]

A failed call is null in its place, so that results stay beside their chunks. How many may fail is the program's choice:
`min_ok` (1 unless it says otherwise), or `on_error="fail"` for none. A reply that does not match the schema is failed.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSite, model_calls
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TaintedValue, input_bits_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Schema, read_reply
from rlmlite_kernel.values.columns import Cells, Spans
from rlmlite_kernel.values.values import LIST, Rows, Value, list_rows, size_of


class _AnswerRules(msgspec.Struct, frozen=True, eq=False):
    """How results become a value.

    `min_ok` is how many calls must succeed, `origins` are those of the prompts, `spans` those of the chunks. `single`:
    the value is the one answer, not a list of answers.
    """

    schema: Schema | None
    min_ok: int
    origins: int
    spans: Spans | None = None
    single: bool = False


def ask_sub(
    context: StepContext,
    place: CallSite,
    prompt: str | TaintedValue,
    role: str,
    schema: Schema | None,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One call. A prompt that is a variable goes in as data, fenced, not as the instruction."""
    if isinstance(prompt, TaintedValue):
        # The other inputs are left out: a computed prompt is not searched for placeholders, since data could write one.
        inputs, prompt = {"prompt": prompt}, "{prompt}"
    prompts = PromptWriter(context, inputs, None).write(prompt, schema)
    calls = model_calls(prompts, role, place, context)
    rules = _AnswerRules(schema, 1, input_bits_of(prompts.origins), single=True)
    return Ask(calls, partial(_make_value, rules))


def ask_over_chunks(
    context: StepContext,
    place: CallSite,
    chunks: TaintedValue,
    prompt: str,
    schema: Schema | None,
    role: str,
    on_error: str,
    min_ok: int,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One call per chunk, the same question for each."""
    rows = context.require_rows(chunks.value, "what extract_over_chunks goes over")
    tainted_rows = TaintedValue(rows, chunks.origins, chunks.sources, chunks.words)
    prompts = PromptWriter(context, inputs, tainted_rows).write(prompt, schema)
    calls = model_calls(prompts, role, place, context)
    all_must_succeed = on_error == "fail"
    # No chunks, no calls: an empty list is then the answer, not a failure.
    needed = len(calls) if all_must_succeed else min(min_ok, len(calls))
    calls.bears = len(calls) - needed
    rules = _AnswerRules(schema, needed, input_bits_of(prompts.origins), rows.spans)
    return Ask(calls, partial(_make_value, rules), all_must_succeed)


def _make_value(rules: _AnswerRules, context: StepContext, results: Sequence[Result]) -> TaintedValue:
    """The value of the answers: one for sub_lm, a list in the chunks' order otherwise.

    Raises `Fault("calls_failed")` if fewer calls succeeded than the program asks for.
    """
    values: list[Value] = []
    errors: list[tuple[int, str]] = []
    for index, result in enumerate(results):
        value, error = _read_answer(result, rules.schema)
        context.ensure_room(size_of(value))
        # Null for a failed call, so that the answers stay in line with the chunks.
        values.append(value)
        if error:
            errors.append((index, error))
    total = len(values)
    ok = total - len(errors)
    if ok < rules.min_ok:
        needed = f"{rules.min_ok:,} must succeed ({_count_errors(errors)})"
        raise Fault("calls_failed", f"{ok:,} of {total:,} calls succeeded, but {needed}")
    # What a model makes of an input stays under the rules of that input.
    origins = LM | DERIVED | rules.origins
    if rules.single:
        # No sources: a prompt may join any texts, so no span can be named as the one that the answer rests on.
        return TaintedValue(values[0], origins)
    if errors:
        failures = f"{len(errors):,} of {total:,} calls failed ({_count_errors(errors)})"
        context.mark_partial("calls_failed", f"{failures}; see .failed")
    rows = _answer_rows(values, errors, rules.spans)
    sources = () if rules.spans is None else (rules.spans,)
    return TaintedValue(rows, origins, sources)


def _read_answer(result: Result, schema: Schema | None) -> tuple[Value, str]:
    """The value of a call and no error, or null and the class of its error."""
    if not isinstance(result, Answered):
        return None, result.error
    if schema is None:
        return result.text, ""
    try:
        value: Value = read_reply(result.text, schema)
    except Fault:
        # Only the class, not the message: it would quote the reply, and classes are shown unfenced.
        return None, "schema"
    return value, ""


def _count_errors(errors: list[tuple[int, str]]) -> str:
    """The classes of errors with how often each came: `2 schema, 1 timeout`."""
    counts = Counter(error for _, error in errors)
    # By class, not by which failed first: the same failures read the same.
    return ", ".join(f"{counts[error]:,} {error}" for error in sorted(counts))


def _answer_rows(values: list[Value], errors: list[tuple[int, str]], spans: Spans | None) -> Rows:
    """The answers as a list, with the failed calls in `.failed`."""
    answers = list_rows(values, spans)
    indexes = Cells([index for index, _ in errors])
    classes = Cells([error for _, error in errors])
    failed = Rows("rows", {"index": indexes, "error": classes}, len(errors))
    return Rows(LIST, answers.columns, len(answers), spans, {"failed": failed})
