"""Where a fork comes from, and whether it goes as its parent did up to its step.

    genesis of the fork     fork_run, fork_root: the parent; fork_step, fork_turn: where it leaves it
    before that turn        the same programs and replies, steps with the same actions, outcomes and results of calls
    after it                a call that cost nothing has a result that the parent has of the same call

The fork alone verifies and replays as any trace does: what it says of its parent takes the parent to be checked.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import EffectRecord, Span, Step, Turn
from rlmlite_traces import CheckedTrace

RUN: Final = "fork_run"
ROOT: Final = "fork_root"
AT: Final = "fork_step"
TURN: Final = "fork_turn"
"""Labels of a fork's genesis."""


def is_fork(trace: CheckedTrace) -> bool:
    """Whether a trace says that it is a fork."""
    return ROOT in trace.genesis.scope


def contradicts_parent(fork: CheckedTrace, parent: CheckedTrace) -> str:
    """In what a fork is not what it says of its parent, as a sentence; empty if in nothing."""
    labels = fork.genesis.scope
    if labels.get(ROOT) != parent.root or labels.get(RUN) != parent.genesis.run:
        return f"its parent is the run {labels.get(RUN, '')} with root {labels.get(ROOT, '')}, and this is another one"
    turn = labels.get(TURN, "")
    if not turn.isdigit():
        return "it does not say in which turn it leaves its parent"
    mine, its = list(_before(fork, int(turn))), list(_before(parent, int(turn)))
    for place, record in enumerate(mine):
        if place >= len(its) or _told(fork, record) != _told(parent, its[place]):
            if isinstance(record, Turn) and place < len(its) and _is_begun_as(fork, record, parent, its[place]):
                continue
            return f"its record {record.seq} is not what its parent did there"
    recorded = Counter(key for record in parent.records for key in _calls(parent, record.seq))
    for seq in range(fork.size):
        for key in _calls(fork, seq, only_free=True):
            if not recorded[key]:
                return f"a result in its record {seq}, which cost nothing, is not one of its parent's"
    return ""


def _before(trace: CheckedTrace, turn: int) -> Iterator[Turn | Step]:
    for record in trace.records:
        if isinstance(record, Turn | Step) and record.turn < turn:
            yield record


def _told(trace: CheckedTrace, record: Turn | Step) -> list[Any]:
    """What a record says that does not depend on the salts and the budgets of its run."""
    if isinstance(record, Turn):
        read = record.ast if record.ast is not None else record.diagnostics
        refs = (read, record.reply)
        return ["turn", record.origin, *(None if ref is None else trace.content(ref) for ref in refs)]
    writes = [(each.name, each.kind, each.size) for each in record.writes]
    calls = list(_calls(trace, record.seq))
    return [record.op, trace.content(record.ast), record.status, record.code, writes, calls]


def _is_begun_as(fork: CheckedTrace, mine: Turn, parent: CheckedTrace, its: Turn | Step) -> bool:
    """Whether the program of a turn is the beginning of the parent's, which was cut there."""
    if not isinstance(its, Turn) or mine.origin != its.origin:
        return False
    here, there = decode_reading(mine, fork.content), decode_reading(its, parent.content)
    if not isinstance(here, Parsed) or not isinstance(there, Parsed):
        return False
    return here.program.body == there.program.body[: len(here.program.body)]


def _calls(trace: CheckedTrace, seq: int, *, only_free: bool = False) -> Iterator[tuple[Any, ...]]:
    for call in trace.effects(seq):
        is_free = call.effect == "lm" and call.cached and not any(call.usage)
        if is_free or not only_free:
            yield _asked(trace, call)


def _asked(trace: CheckedTrace, call: EffectRecord) -> tuple[Any, ...]:
    parts = tuple(
        (part.start, part.stop, part.source) if isinstance(part, Span) else trace.content(part) for part in call.recipe
    )
    result = None if call.result is None else trace.content(call.result)
    return (call.effect, call.role, call.model, parts, call.prompt_bytes, result, call.error)
