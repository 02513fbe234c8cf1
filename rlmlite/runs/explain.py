"""Why an answer is what it is: the steps that it rests on, and no others, by what they read and wrote.

A backward slice over the receipts of a verified trace. It needs no model, no input and no kernel.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite_grammar import show
from rlmlite_kernel.program.ast import Program, Statement
from rlmlite_kernel.records.records import AnyRecord, Step
from rlmlite_traces import CheckedTrace, verify

_STATEMENT = msgspec.json.Decoder(Statement)


class Because(msgspec.Struct, frozen=True):
    """A step that the answer rests on: what was executed, what it read and wrote, and what it showed.

    `calls` is how many model calls it made.
    """

    turn: int
    step: int
    text: str
    reads: tuple[str, ...]
    writes: str
    shown: str
    calls: int = 0


def explain(path: Path, root: str | None = None) -> tuple[Because, ...]:
    """The steps behind the last answer of a trace, in order. Raises what `rlmlite_traces.verify` raises."""
    trace = verify(path, root)
    return tuple(_because(step, trace) for step in steps_behind(trace.records))


def steps_behind(records: Sequence[AnyRecord]) -> tuple[Step, ...]:
    """The last `final` and every step that made something which it, or a step behind it, read."""
    steps = [record for record in records if isinstance(record, Step) and record.status == "ok"]
    ends = [place for place, step in enumerate(steps) if step.op == "final"]
    if not ends:
        return ()
    last = steps[ends[-1]]
    found, wanted = [last], set(last.reads)
    for step in reversed(steps[: ends[-1]]):
        made = {item.name for item in step.writes}
        if made & wanted:  # the last step that wrote a name before it was read is the one that made what was read
            found.append(step)
            wanted = (wanted - made) | set(step.reads)
    return tuple(reversed(found))


def _because(step: Step, trace: CheckedTrace) -> Because:
    statement = _STATEMENT.decode(trace.content(step.ast))
    return Because(
        turn=step.turn,
        step=step.step,
        text=show(Program((statement,))),
        reads=step.reads,
        writes=step.writes[0].name if step.writes else "",
        shown="" if step.observation.ref is None else trace.content(step.observation.ref).decode(),
        calls=0 if step.effects is None else step.effects.n,
    )
