"""Lineage: what speaks against a value, handed on from variable to variable until an answer is made of it.

    hits = search(log, "zzz")       a search without hits, in turn 3
    n = count(hits)                 reads `hits`: the same doubt
    final({found: n})               reads `n`: the same doubt, which is a reason to hold the answer back

Three things travel. *Doubts* go to whatever reads the variable: also a condition decides what a value is. *Literals*
and *claims* say that a number or a text may have been written down, not found. Those travel only as long as a value is
passed on as it is: a count over what a model said is a count.

    x = pick(count(hits) > 3, "many", "few")      literals "many" and "few"
    y = int(sub_lm("Say 42"))                     a claim: 42 is what a model says
    z = count(where(labels, .label == "spam"))    neither

Every step hands on, temporaries too, so that no way of writing a program loses any of it.
"""

from collections.abc import Iterator, Mapping

from rlmlite_kernel.program.ast import Attr, Binary, Expr, Index, ListOf, Lit, Obj, Scalar, Slice, Unary, children
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.reasons import RESTS_ON_FAILED_CALLS, RESTS_ON_NO_HITS, RESTS_ON_WARNING
from rlmlite_kernel.run.steps.answers import Doubt, Lineage
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinishedStep
from rlmlite_kernel.values.operators import ARITHMETIC
from rlmlite_kernel.values.values import Rows, Value

_OF_CALLS = frozenset({"calls_failed", "rows_lacking", "provider_said"})
"""Codes of warnings that say that calls failed."""

_OF_NO_VALUE = frozenset({"evidence_not_found", "overrun", "index_unkept"})
"""Codes of warnings that say nothing against a value: of evidence, which is a reason of its own, or of its cost."""

_SEARCHES = "find"
"""The family of actions that search."""

_GATHERING = frozenset({"rows", "find", "look"})
"""Families of actions whose results are counts, folds and rows, whatever they were made of."""

_WRITING = frozenset({"state", "end", "scalars", "text", "parse"})
"""Families of actions whose arguments may stand in the result as they were written."""


def lineage_after(step: FinishedStep, state: State) -> Mapping[str, Lineage]:
    """What variables bring along, once a step has committed. `state` is that before it."""
    change = step.change
    touched = {change.name, *change.dropped}
    lineage = state.lineage
    own = lineage_of(step, state) if change.variable is not None else None
    if (own is None or own == Lineage()) and touched.isdisjoint(lineage):
        return lineage
    after = {name: each for name, each in lineage.items() if name not in touched}
    if own is not None and change.name not in change.dropped:
        after[change.name] = own
    return after


def lineage_of(step: FinishedStep, state: State) -> Lineage:
    """What a step's value brings along: of the step itself, and of what it read."""
    planned = step.planned
    read = [state.lineage[name] for name in sorted(planned.reads) if name in state.lineage]
    doubts = [*(doubt for each in read for doubt in each.doubts), *_own_doubts(step, state)]
    family = state.run.table[planned.op].family
    literals = [literal for each in read for literal in each.literals] if family not in _GATHERING else []
    if family in _WRITING:
        literals += _literals_in(planned)
    is_claimed = any(each.claimed for each in read) and family not in _GATHERING
    return Lineage(tuple(dict.fromkeys(doubts)), _once(literals), is_claimed or _asks_somebody(step))


def _own_doubts(step: FinishedStep, state: State) -> Iterator[Doubt]:
    planned = step.planned
    name = planned.op if planned.target is None or is_temporary(planned.target) else planned.target
    data = step.outcome.data
    if state.run.table[planned.op].family == _SEARCHES and data is not None and _is_empty(data.value):
        yield Doubt(RESTS_ON_NO_HITS, name, state.turn)
    for remark in step.outcome.context.remarks:
        if remark.code == "no_hits":
            yield Doubt(RESTS_ON_NO_HITS, name, state.turn)
        elif remark.code in _OF_CALLS:
            yield Doubt(RESTS_ON_FAILED_CALLS, name, state.turn)
        elif not remark.is_note and remark.code not in _OF_NO_VALUE:
            yield Doubt(RESTS_ON_WARNING, name, state.turn)


def _is_empty(value: Value) -> bool:
    return isinstance(value, Rows) and not len(value)


def _asks_somebody(step: FinishedStep) -> bool:
    return any(each.ask.calls.kind in ("lm", "rlm", "tool") for each in step.outcome.calls)


def _literals_in(planned: PlannedStep) -> Iterator[Scalar]:
    for node in (*planned.bound.given.values(), *planned.bound.rest):
        yield from value_literals(node)


def value_literals(node: Expr) -> Iterator[Scalar]:
    """The literals that may stand in the value of an expression; not those that it compares with, or cuts at."""
    match node:
        case Lit(v=value):
            if value is not None and not isinstance(value, bool):
                yield value
        case Attr(of=of) | Index(of=of) | Slice(of=of):
            yield from value_literals(of)
        case Unary(op=op) if op == "not":
            return
        case Binary(op=op) if op not in ARITHMETIC:
            return
        case ListOf() | Obj() | Unary() | Binary():
            for child in children(node):
                yield from value_literals(child)


def _once(literals: list[Scalar]) -> tuple[Scalar, ...]:
    """Each literal once. By its kind too: in Python 1 and 1.0 are one key."""
    return tuple({(type(literal), literal): literal for literal in literals}.values())
