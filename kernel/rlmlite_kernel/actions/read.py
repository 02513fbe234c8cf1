"""Reading with a model: sub_lm, extract_over_chunks. The kernel asks, a driver calls, results come back by index."""

from rlmlite_kernel.calls import Ask, Calls, PromptWriter, role_of
from rlmlite_kernel.columns import Cells, Spans
from rlmlite_kernel.effects import Answered, Result
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import DERIVED, LM, Held, Job
from rlmlite_kernel.schemas import Schema, read_reply
from rlmlite_kernel.values import LIST, Rows, Value, listed, size_of

Place = tuple[str, int, int, int]
"""Run, turn, statement and round: what makes a request's id."""


def ask_sub(
    job: Job, place: Place, prompt: str | Held, role: str, schema: Schema | None, inputs: dict[str, Held]
) -> Ask:
    """One call."""
    if isinstance(prompt, Held):
        inputs, prompt = {"prompt": prompt}, "{prompt}"
    prompts = PromptWriter(job, inputs, None).write(prompt, schema)
    calls = Calls(prompts, role, role_of(role, job), place, job.blobs)
    return Ask(calls, schema, "fail", 1, None, True)


def ask_over_chunks(
    job: Job,
    place: Place,
    chunks: Held,
    prompt: str,
    schema: Schema | None,
    role: str,
    on_error: str,
    min_ok: int,
    inputs: dict[str, Held],
) -> Ask:
    """A call a chunk, the same question for each."""
    rows = job.rows(chunks.value, "what extract_over_chunks goes over")
    prompts = PromptWriter(job, inputs, Held(rows, chunks.origins, chunks.sources)).write(prompt, schema)
    calls = Calls(prompts, role, role_of(role, job), place, job.blobs)
    return Ask(calls, schema, on_error, min(min_ok, len(calls)), rows.spans, False)


def settle(job: Job, ask: Ask, results: list[Result]) -> Held:
    """The value of the answers: one for sub_lm, a list in the chunks' order otherwise, null where a call failed."""
    values: list[Value] = []
    errors: list[tuple[int, str]] = []
    for index, result in enumerate(results):
        value, error = _answer(result, ask.schema)
        job.room(size_of(value))
        values.append(value)
        if error:
            errors.append((index, error))
    _check(ask, len(values) - len(errors), errors)
    if ask.single:
        return Held(values[0], LM | DERIVED)
    if errors:
        job.curtailed(
            "calls_failed", f"{len(errors):,} of {len(values):,} calls failed ({_tally(errors)}); see .failed"
        )
    return Held(_rows(values, errors, ask.spans), LM | DERIVED, () if ask.spans is None else (ask.spans,))


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


def _check(ask: Ask, ok: int, errors: list[tuple[int, str]]) -> None:
    least = len(ask.calls) if ask.on_error == "fail" else ask.min_ok
    if ok < least:
        raise Fault(
            "calls_failed", f"{ok:,} of {len(ask.calls):,} calls succeeded, {least:,} are needed: {_tally(errors)}"
        )


def _tally(errors: list[tuple[int, str]]) -> str:
    kinds = sorted({error for _, error in errors})
    return ", ".join(f"{sum(error == kind for _, error in errors):,} {kind}" for kind in kinds)


def _rows(values: list[Value], errors: list[tuple[int, str]], spans: Spans | None) -> Rows:
    rows = listed(values, spans)
    if not errors:
        return rows
    failed = {"index": Cells([index for index, _ in errors]), "error": Cells([error for _, error in errors])}
    return Rows(LIST, rows.columns, len(rows), spans, {"failed": Rows("rows", failed, len(errors))})
