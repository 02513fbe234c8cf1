"""Binding a nested run to its call: what the parent recorded of it must be what its own trace says.

The two traces repeat each other, and each repetition is compared, so that neither can tell another story:

    the parent's call               the nested trace
    child.root                      its root
    id                              genesis.parent
    child.status, child.reason      the seal's outcome and reason
    child.warnings, child.notes     those of the seal, without examples
    child.evidence                  the seal's findings: the evidence of its answer, and its coverage
    result                          the value in the seal's result; no_answer if it has none
    usage                           the sum of what its calls report
    child.calls                     how many calls it made, and what is known of them
    child.used                      the sum of what its records charge
    rendered, prompt_bytes          its question
    inputs                          the names of its inputs, the files that they are, and where excerpts are from
    (the parent's settings)         its settings: nothing is permitted there that is not permitted here, with the limits
                                    that the parent had when it asked

Salts differ from trace to trace, so contents are compared, never refs. What one has to execute for (the exact
settings, an input that a program made) is compared by `replay`. Not here: opening and walking (`walk`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec

from rlmlite_kernel.actions.calls.nested_settings import SHARED, charges_to_parent
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.records.call_lines import COMMITMENT_DIGITS
from rlmlite_kernel.records.canonical import NotCanonicalError, value_bytes
from rlmlite_kernel.records.evolution import LOSSES_ARE_PARTIAL
from rlmlite_kernel.records.records import Addition, EffectRecord, Question, Ref, Seal, Step, Turn, Usage3
from rlmlite_kernel.records.refs import commit_value, commit_value_digest
from rlmlite_kernel.records.settings import Settings, ToolRule
from rlmlite_kernel.records.usage import CallCounts
from rlmlite_kernel.run.additions import raise_limits
from rlmlite_kernel.run.steps.remarks import without_examples
from rlmlite_kernel.run.turns.changes import change_settings
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Source
from rlmlite_kernel.values.values import descriptor
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.reader import CheckedTrace

_settings = msgspec.json.Decoder(Settings)
_sources = msgspec.json.Decoder(Source)

HELD = "value_bytes"
"""What a run holds at its end. No record states it, so it takes a replay of the nested run to know it."""


def find_contradiction(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace) -> str:
    """In what a nested trace contradicts the call that it answers, as a sentence; empty if in nothing."""
    nested = call.child
    assert nested is not None
    if nested.root != child.root:
        return f"its root is {child.root}, and its parent recorded {nested.root}"
    if child.genesis.parent != call.id:
        return "it is the trace of another call"
    seal = child.records[-1]
    if not isinstance(seal, Seal):
        return "it is not sealed, and its parent recorded how it ended"
    try:
        for compare in _COMPARISONS:
            contradiction = compare(parent, step, call, child, seal)
            if contradiction:
                return contradiction
    except (
        msgspec.DecodeError,
        UnicodeError,
        RecursionError,
        NotCanonicalError,
        KeyError,
        TypeError,
        SettingsError,
    ) as error:
        return f"its settings, sources or result cannot be read: {error}"
    return ""


def _compare_end(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    nested = call.child
    assert nested is not None
    if (nested.status, nested.reason) != (seal.outcome, seal.reason):
        recorded, sealed = f"{nested.status} ({nested.reason})", f"{seal.outcome} ({seal.reason})"
        return f"it ended {sealed}, and its parent recorded {recorded}"
    if (nested.warnings, nested.notes) != (without_examples(seal.warnings), without_examples(seal.notes)):
        return "its warnings or notes are not those that its parent recorded"
    return ""


def _compare_result(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    has_answer = seal.result is not None
    if has_answer is not (call.result is not None) or (not has_answer and call.error != "no_answer"):
        return "one of the two has an answer, the other has none"
    if call.result is None or seal.result is None:
        return ""
    if not (_is_present(parent, call.result) and _is_present(child, seal.result)):
        return ""  # redacted in one of them: what it was, nobody can compare
    answer = msgspec.json.decode(child.contents.read_json(seal.result))
    if value_bytes(answer["value"]) != parent.content(call.result):
        return "its answer is not the one that its parent recorded"
    return ""


def _compare_findings(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    nested = call.child
    assert nested is not None
    mine, its = nested.evidence, seal.findings
    if (mine is None) is not (its is None):
        return "one of the two says what evidence and coverage it has, the other does not"
    if mine is None or its is None or not (_is_present(parent, mine) and _is_present(child, its)):
        return ""
    if parent.content(mine) != child.content(its):
        return "its evidence or its coverage is not what its parent recorded"
    return ""


def _compare_usage(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    if seal.reason == "input_changed":
        return ""  # calls of the halted turn were paid for, and are in no record
    nested = call.child
    assert nested is not None
    counts = _counts_of(child)
    # A run from before these counts has the sums over all calls, those of tools too.
    is_counted = LOSSES_ARE_PARTIAL in child.genesis.flags
    total = counts.usage if is_counted else _usage_of(child)
    if total != tuple(call.usage):
        return f"its calls report {total} (input tokens, output tokens, nano-dollars), its parent {tuple(call.usage)}"
    if is_counted and nested.calls != counts.totals():
        return "it made other calls than its parent recorded"
    return ""


def _counts_of(trace: CheckedTrace) -> CallCounts:
    counts = CallCounts()
    for seq, record in enumerate(trace.records):
        if isinstance(record, Turn) and record.call is not None:
            counts.add_controller(record.call)
        for call in trace.effects(seq):
            counts.add_call(call)
    return counts


def _usage_of(trace: CheckedTrace) -> Usage3:
    """What all calls of a trace report, added up; a sum with an unknown part is unknown."""
    totals: list[int | None] = [0, 0, 0]
    for usage in _usages(trace):
        for at, amount in enumerate(usage):
            total = totals[at]
            totals[at] = None if total is None or amount is None else total + amount
    return (totals[0], totals[1], totals[2])


def _usages(trace: CheckedTrace) -> Iterator[Usage3]:
    for seq, record in enumerate(trace.records):
        if isinstance(record, Turn) and record.call is not None:
            yield record.call.usage
        yield from (call.usage for call in trace.effects(seq))


def _compare_used(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    nested = call.child
    assert nested is not None
    used: Counter[str] = Counter()
    for record in child.records:
        if isinstance(record, Turn | Step):
            used.update(record.used)
    charged = {name: amount for name, amount in charges_to_parent(used).items() if name != HELD}
    recorded = {name: amount for name, amount in nested.used.items() if name != HELD}
    if charged != recorded:
        names = sorted(name for name in {*charged, *recorded} if charged.get(name) != recorded.get(name))
        return f"it used another amount of {', '.join(names)} than its parent recorded"
    return ""


def _compare_question(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    if child.genesis.v == 1:
        return ""  # in format 1 a question was a program of the host's
    first = child.records[1]
    if not isinstance(first, Question):
        return "it does not begin with its question"
    if not (_is_present(child, first.text) and _is_present(parent, step.ast)):
        return ""
    text = child.content(first.text)
    key = parent.contents.places[step.ast].salt
    rendered = commit_value_digest(key, hashlib.sha256(text).digest())
    if rendered[:COMMITMENT_DIGITS] != call.rendered[:COMMITMENT_DIGITS] or len(text) != call.prompt_bytes:
        return "its question is not the one that its parent asked"
    return ""


def _compare_inputs(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    names = {entry.name for entry in child.genesis.inputs}
    if names != call.inputs.keys():
        return f"its inputs are {', '.join(sorted(names))}, its parent gave it {', '.join(sorted(call.inputs))}"
    if not _is_present(parent, step.ast):
        return ""
    key = parent.contents.places[step.ast].salt
    for entry in child.genesis.inputs:
        document = _excerpts_of(child, entry.source)
        if document is not None and commit_value(key, document) != call.inputs[entry.name]:
            return f"its input {entry.name} is not what its parent gave it, or not from where it says"
        text = _text_of_file(child, entry.source)
        if text is not None and commit_value(key, descriptor(text)) != call.inputs[entry.name]:
            return f"its input {entry.name} is not the value that its parent gave it"
    return ""


def _excerpts_of(trace: CheckedTrace, ref: Ref | None) -> bytes | None:
    """The document of an input that is excerpts: what they say, and where in the parent's inputs that stands."""
    if ref is None or not _is_present(trace, ref):
        return None
    source = _sources.decode(trace.contents.read_json(ref))
    is_here = source.content is not None and _is_present(trace, source.content)
    return trace.content(source.content) if source.kind == "excerpts" and is_here else None  # type: ignore[arg-type]


def _text_of_file(trace: CheckedTrace, ref: Ref | None) -> Text | None:
    """The text that an input is, if it is (part of) a file: both traces then name it by the same descriptor."""
    if ref is None or not _is_present(trace, ref):
        return None
    source = _sources.decode(trace.contents.read_json(ref))
    if source.kind != "text" or source.content is not None or len(source.files) != 1:
        return None
    file = source.files[0]
    start, stop = source.part or (0, file.size)
    return Text(file.digest, start, stop)


def _compare_settings(parent: CheckedTrace, step: Step, call: EffectRecord, child: CheckedTrace, seal: Seal) -> str:
    mine, its = parent.genesis, child.genesis
    for field in ("v", "flags", "rendering", "kernel", "grammar", "actions", "scope"):
        if getattr(mine, field) != getattr(its, field):
            return f"its {field} differs from its parent's"
    if not (_is_present(parent, mine.settings) and _is_present(child, its.settings)):
        return ""
    here = _settings_at(parent, step)
    there = _settings.decode(child.contents.read_json(its.settings))
    return _more_than(here, there)


def _settings_at(trace: CheckedTrace, step: Step) -> Settings:
    """The settings of a run at a step: those of the genesis, with what changed up to its turn and raised limits."""
    settings = _settings.decode(trace.contents.read_json(trace.genesis.settings))
    for change in settings.changes:
        settings = change_settings(settings, change) if change.turn <= step.turn else settings
    for record in trace.records[: step.seq]:
        if isinstance(record, Addition):
            settings = raise_limits(settings, record.limits, record.kept)
    return settings


def _more_than(here: Settings, there: Settings) -> str:
    """What settings of a nested run permit that its parent's do not, as a sentence; empty if nothing."""
    for name in SHARED:
        limit, its = getattr(here.limits, name), getattr(there.limits, name)
        if limit is not None and (its is None or its > limit):
            return f"its limit {name} is {its}, its parent's {limit}"
    if there.limits.depth >= here.limits.depth:
        return f"it may nest {there.limits.depth} levels, its parent {here.limits.depth}"
    unknown = [name for name, role in there.roles.items() if role not in here.roles.values()]
    if unknown:
        return f"its role {unknown[0]} is played by a model that its parent does not have"
    same = ("actions", "models", "egress")
    is_same_policy = all(getattr(here.policy, name) == getattr(there.policy, name) for name in same)
    if there.tools != here.tools or not is_same_policy or not _is_stricter(here.policy.tools, there.policy.tools):
        return "its tools or its policy are not its parent's"
    return ""


def _is_stricter(here: Mapping[str, ToolRule] | None, there: Mapping[str, ToolRule] | None) -> bool:
    """Whether rules for tools are the same but for fewer calls."""
    if here is None or there is None:
        return here is there
    for name, rule in there.items():
        ours = here.get(name, here.get("*"))
        if ours is None or msgspec.structs.replace(rule, calls=ours.calls) != ours:
            return False
        if ours.calls is not None and (rule.calls is None or rule.calls > ours.calls):
            return False
    return True


def _is_present(trace: CheckedTrace, ref: Ref) -> bool:
    return trace.contents.presence(ref) is Presence.PRESENT


_Compare = Callable[[CheckedTrace, Step, EffectRecord, CheckedTrace, Seal], str]

_COMPARISONS: tuple[_Compare, ...] = (
    _compare_settings,
    _compare_question,
    _compare_inputs,
    _compare_end,
    _compare_result,
    _compare_findings,
    _compare_usage,
    _compare_used,
)
