"""Why an answer is what it is: the steps that it rests on, and no others.

A backward slice over the records of a verified trace. It starts from what the last `final` read, and goes back:

    hits = search(context, "ERROR")      made `hits`, which count read: kept
    unused = search(context, "INFO")     made `unused`, which nothing behind the answer read: left out
    n = count(hits)                      made `n`, which final read: kept; from here `hits` is wanted, too
    final(n)                             read `n`

It needs no model, no input and no kernel.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite_grammar import show
from rlmlite_kernel.program.ast import Program, Statement
from rlmlite_kernel.records.records import AnyRecord, Step
from rlmlite_traces import CheckedTrace, verify

_STATEMENT = msgspec.json.Decoder(Statement)


class SupportingStep(msgspec.Struct, frozen=True):
    """A step that the answer rests on: what was executed, what it read and wrote, what it showed, and its calls."""

    turn: int
    step: int
    text: str
    reads: tuple[str, ...]
    writes: str
    shown: str
    calls: int = 0


def explain(path: Path, root: str | None = None) -> tuple[SupportingStep, ...]:
    """The steps behind the last answer of a trace, in order. Raises what `rlmlite_traces.verify` raises."""
    trace = verify(path, root)
    return tuple(_supporting_step(step, trace) for step in steps_behind(trace.records))


def steps_behind(records: Sequence[AnyRecord]) -> tuple[Step, ...]:
    """The last `final`, and every step that made something which it or a step behind it read, in order."""
    # A step that failed wrote nothing, so nothing can rest on it.
    steps = [record for record in records if isinstance(record, Step) and record.status == "ok"]
    finals = [place for place, step in enumerate(steps) if step.op == "final"]
    if not finals:
        return ()
    last = finals[-1]
    final, earlier = steps[last], steps[:last]
    behind = [final]
    wanted = set(final.reads)
    for step in reversed(earlier):
        made = {variable.name for variable in step.writes}
        # Names can be written again. Going backward, the first step that wrote a name is the one whose value was read;
        # after it the name is not wanted any more, unless this step read an older value of it.
        is_read = not made.isdisjoint(wanted)
        if is_read:
            behind.append(step)
            wanted = (wanted - made) | set(step.reads)
    return tuple(reversed(behind))


def _supporting_step(step: Step, trace: CheckedTrace) -> SupportingStep:
    # The statement as it was executed, printed anew: the trace has the text of whole programs only.
    statement = _STATEMENT.decode(trace.content(step.ast))
    observation = step.observation.ref
    return SupportingStep(
        turn=step.turn,
        step=step.step,
        text=show(Program((statement,))),
        reads=step.reads,
        writes=step.writes[0].name if step.writes else "",
        shown="" if observation is None else trace.content(observation).decode(),
        calls=0 if step.effects is None else step.effects.n,
    )
