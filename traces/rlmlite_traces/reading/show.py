"""Show: a trace as plain lines for people, one per record.

    SEALED 7 records root 8c0f…
        0 genesis  run 5ab1… kernel 0.1.0 inputs log: text 5000
        1 turn 1  controller program
        2 step 1  find  log -> hits: json 120  ok

Whatever a trace holds, the lines hold no control characters, so that a hostile one cannot steer a terminal.
"""

from collections.abc import Iterator
from typing import assert_never

from rlmlite_kernel.records.records import (
    Addition,
    AnyRecord,
    Checkpoint,
    EffectRecord,
    Genesis,
    Question,
    Redact,
    Seal,
    Step,
    Turn,
)
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.showing.neutral import neutral

_NANO = 1_000_000_000


def show(trace: CheckedTrace) -> Iterator[str]:
    """A line about the trace as a whole, then one for each record."""
    yield f"{trace.level.name} {trace.size} records root {trace.root}"
    for seq, record in enumerate(trace.records):
        yield neutral(f"{seq:>5} {_describe(record, trace.effects(seq))}")


def _describe(record: AnyRecord, effects: list[EffectRecord]) -> str:
    match record:
        case Genesis():
            return f"genesis  run {record.run} kernel {record.kernel} inputs {_describe_inputs(record)}"
        case Addition():
            limits = ", ".join(f"{name}: {amount}" for name, amount in record.limits.items())
            return f"addition  inputs {_describe_inputs(record)} limits {limits or '-'}"
        case Turn():
            reading = "program" if record.diagnostics is None else "diagnostics"
            return f"turn {record.turn}  {record.origin} {reading}{_describe_earlier(record)}"
        case Step():
            return _describe_step(record, effects)
        case Question():
            written = f"{record.writes.name}: {record.writes.kind} {record.writes.size}"
            return f"question  -> {written}{_describe_earlier(record)}"
        case Checkpoint():
            return "checkpoint"
        case Redact():
            return f"redact  {len(record.refs)} blobs  {record.reason}"
        case Seal():
            return f"seal  {record.outcome} {record.reason or '-'} after {record.steps} steps"
        case _:
            assert_never(record)


def _describe_inputs(record: Genesis | Addition) -> str:
    return ", ".join(f"{entry.name}: {entry.kind} {entry.size}" for entry in record.inputs) or "-"


def _describe_earlier(record: Turn | Question) -> str:
    earlier = record.earlier
    return "" if earlier is None else f"  answer -> {earlier.name}: {earlier.kind} {earlier.size}"


def _describe_step(step: Step, effects: list[EffectRecord]) -> str:
    reads = ", ".join(step.reads) or "-"
    writes = ", ".join(f"{item.name}: {item.kind} {item.size}" for item in step.writes) or "-"
    status = step.status if not step.code else f"{step.status} ({step.code})"
    return f"step {step.step}  {step.op}  {reads} -> {writes}  {status}{_describe_calls(step, effects)}"


def _describe_calls(step: Step, effects: list[EffectRecord]) -> str:
    if step.effects is None:
        return ""
    costs = [call.usage[2] for call in effects]
    known = sum(cost for cost in costs if cost is not None)
    unknown = costs.count(None)
    cost = f"${known // _NANO}.{known % _NANO:09d}" + (f" + {unknown} unknown" if unknown else "")
    shared = sum(bool(call.same_as) for call in effects)
    same = f", {shared} same as others" if shared else ""
    return f"  calls {step.effects.n} ({step.effects.failed} failed{same}) cost {cost}"
