"""The reasons that hold of one answer: pure, from the answer, what is behind it, and what has been shown.

    hits = search(log, "zzz")                  finds nothing
    final(hits[0].text, evidence=hits)         null_answer, evidence_empty, rests_on_no_hits, rests_on_warning

All of them are found and told at once, in the order of the table (`records.reasons`).
"""

from collections.abc import Iterable, Iterator

from rlmlite_kernel.evaluation.taint import FOREIGN
from rlmlite_kernel.observation.evidence import GIVEN
from rlmlite_kernel.program.ast import Binary, Expr, ListOf, Lit, Obj, Scalar, Unary, children, walk_expr
from rlmlite_kernel.records.reasons import (
    EVIDENCE_EMPTY,
    EVIDENCE_NOT_FOUND,
    LITERALS_UNSHOWN,
    NO_EVIDENCE,
    NULL_ANSWER,
    QUOTE_UNSHOWN,
    REASONS,
)
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.records.settings import REQUIRE_EVIDENCE
from rlmlite_kernel.run.holding.lineage import lineage_of
from rlmlite_kernel.run.holding.shown import Shown, spell
from rlmlite_kernel.run.holding.speech import Speech
from rlmlite_kernel.run.steps.answers import Doubt, Lineage
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import LIST, Rows, Value

_VERBATIM = frozenset({"verbatim", "cell", "row"})
"""How evidence is found that stands in an input as it is quoted; rows of a binary table stand in no text."""

_BY_TEXTS = (QUOTE_UNSHOWN, LITERALS_UNSHOWN)
"""Reasons that go by the words of observations."""

_MOST_LEAVES = 1_000
"""Texts and numbers of an answer that are looked at; a list of more is not what somebody wrote down."""


def reasons_of(step: FinishedStep, final: FinalAnswer, state: State, speech: Speech, blobs: Blobs) -> list[StepRemark]:
    """What speaks against an answer, each as a warning. `state` is that before the step commits."""
    lineage = lineage_of(step, state)
    found: dict[str, str] = dict.fromkeys(speech.codes, "") if speech.is_controller else {}
    if _is_null_by_accident(step, final.data.value):
        found[NULL_ANSWER] = ""
    found |= dict.fromkeys(_evidence_faults(step, final, state), "")
    for doubt in lineage.doubts:
        # What an earlier turn has warned of, its controller has seen.
        if doubt.turn == state.turn or not speech.is_controller:
            found[doubt.code] = _add_name(found.get(doubt.code, ""), doubt)
    if speech.is_controller:
        found |= dict.fromkeys(_unshown(step, final, lineage, state, speech, blobs), "")
    return [_remark(code, found[code]) for code in REASONS if code in found]


def _add_name(names: str, doubt: Doubt) -> str:
    name = f"`{doubt.name}`"
    return name if not names else names if name in names.split(", ") else f"{names}, {name}"


def _remark(code: str, names: str) -> StepRemark:
    message = REASONS[code].message
    return StepRemark(f"{message}: {names}" if names else message, code=code)


def _is_null_by_accident(step: FinishedStep, value: Value) -> bool:
    """Whether an answer holds nothing but nulls, and does not spell them."""
    node = step.planned.bound.given["value"]
    return _is_nothing(value) and not all(isinstance(leaf, Lit) for leaf in _leaves_of(node))


def _leaves_of(node: Expr) -> Iterator[Expr]:
    if isinstance(node, ListOf | Obj):
        for child in children(node):
            yield from _leaves_of(child)
    else:
        yield node


def _is_nothing(value: Value) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(_is_nothing, value.values()))
    if isinstance(value, list):
        return bool(value) and all(map(_is_nothing, value))
    return value is None


def _evidence_faults(step: FinishedStep, final: FinalAnswer, state: State) -> Iterator[str]:
    """What is wrong with the evidence of an answer."""
    node = step.planned.bound.given.get("evidence")
    is_named = node is not None and node != Lit(None)
    if is_named and final.given is not None and _is_empty(final.given.value):
        yield EVIDENCE_EMPTY
    items = final.evidence.items
    if final.evidence.basis == GIVEN and any(each.how == "not-found" for each in items):
        yield EVIDENCE_NOT_FOUND
    if REQUIRE_EVIDENCE in state.settings.gates and not any(each.how in _VERBATIM for each in items):
        yield NO_EVIDENCE


def _is_empty(value: Value) -> bool:
    if isinstance(value, list | dict | str):
        return not value or (isinstance(value, list) and all(map(_is_empty, value)))
    return value is None or (isinstance(value, Rows | Text) and not len(value))


def _unshown(
    step: FinishedStep, final: FinalAnswer, lineage: Lineage, state: State, speech: Speech, blobs: Blobs
) -> Iterator[str]:
    """What of an answer nobody has seen."""
    if speech.recorded is not None:
        yield from (code for code in _BY_TEXTS if code in speech.recorded)
        return
    data = final.data
    if data.value is None:
        return
    shown = Shown(state.shown)
    leaves = list(_leaves(data.value, blobs))
    if not data.origins & FOREIGN:
        # Made of literals alone, or computed from them.
        if not shown.supports(leaves):
            yield LITERALS_UNSHOWN
        return
    if _is_of_this_turn(step, state) and any(_is_unseen(leaf, lineage, shown) for leaf in leaves):
        yield QUOTE_UNSHOWN
    written = _written(leaves, lineage)
    if written and not shown.supports(written):
        yield LITERALS_UNSHOWN


def _leaves(value: Value, blobs: Blobs) -> Iterator[Scalar]:
    """The texts, numbers and truth values of an answer. Rows are none: a list of rows may be given unseen."""
    left = _MOST_LEAVES
    open_values: list[Value] = [value]
    while open_values and left:
        item = open_values.pop()
        if isinstance(item, dict):
            open_values.extend(reversed(item.values()))
        elif isinstance(item, list):
            open_values.extend(reversed(item))
        elif isinstance(item, Rows):
            # One text in a list of its own is not a list of rows.
            if item.kind == LIST and item.spans is None and len(item) == 1:
                open_values.append(item.row(0, blobs))
        elif item is not None:
            left -= 1
            yield item.string(blobs) if isinstance(item, Text) else item


def _is_unseen(leaf: Scalar, lineage: Lineage, shown: Shown) -> bool:
    """Whether a leaf is a text, or what somebody else said, and was not shown."""
    return (isinstance(leaf, str) or lineage.claimed) and not shown.has_value(leaf)


def _written(leaves: Iterable[Scalar], lineage: Lineage) -> list[Scalar]:
    """The literals behind an answer that stand in it as they were written."""
    texts = list(map(spell, leaves))
    return [literal for literal in lineage.literals if _stands_in(literal, texts)]


def _stands_in(literal: Scalar, texts: list[str]) -> bool:
    if isinstance(literal, str):
        return bool(literal.strip()) and any(literal in text for text in texts)
    return spell(literal) in texts


def _is_of_this_turn(step: FinishedStep, state: State) -> bool:
    """Whether an answer rests on a value that its own turn has made, be it in `final` itself."""
    planned = step.planned
    if any(isinstance(node, Binary | Unary) for node in walk_expr(planned.bound.given["value"])):
        return True
    made = [name for name in planned.reads if name in state.variables and name not in state.run.inputs]
    return any(state.variables[name].turn == state.turn for name in made)
