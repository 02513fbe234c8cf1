"""Traces with a nested run: sound ones, and ones in which parent and child say something else."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from rlmlite_kernel.records.records import (
    Addition,
    Blob,
    Entry,
    Genesis,
    Redact,
    Remark,
    Turn,
    Usage3,
)
from rlmlite_kernel.records.refs import blob, commit_value
from rlmlite_kernel.values.inputs import Source, SourceFile
from tests.traces.format.old_traces import alter
from tests.traces.format.sealed_trace import Files
from tests.traces.handmade import SALTS, state
from tests.traces.vectors.nested_run import ID, PART, Pair
from tests.traces.vectors.sound_traces import Build


def nested(pair: Callable[[], Pair]) -> Build:
    """A trace with a nested run."""
    return lambda: pair().files()


def _incomplete(pair: Pair) -> Pair:
    pair.is_complete = False
    return pair


def _settings(pair: Pair, settings: bytes) -> Pair:
    pair.settings = settings
    return pair


def _both(make: Callable[..., Pair], role: Mapping[str, Any]) -> Pair:
    """A pair in which both have a role, as it says."""
    roles = {"roles": {"sub": role}}
    return _settings(make(settings=roles), msgspec.json.encode(roles))


def _answered_nothing(pair: Pair) -> Pair:
    """A child whose answer has no value, and a parent that recorded no bytes."""
    result = blob(SALTS, b"{}")
    seal = pair.child[-1]
    pair.child[-1] = Entry(msgspec.structs.replace(seal.record, result=result.ref), (result, *seal.blobs[1:]))
    return pair.answered(b"")


def _redacted(pair: Pair) -> Pair:
    """A pair of which the child has lost all contents, on purpose."""
    refs = tuple(dict.fromkeys(item.ref for entry in pair.child for item in entry.blobs))
    note = Entry(Redact(refs=refs, reason="privacy"))
    pair.child = [*(Entry(entry.record) for entry in pair.child[:-1]), note, Entry(pair.child[-1].record)]
    return pair


def _with_input(pair: Pair, source: Source, *contents: Blob) -> Pair:
    genesis = pair.child[0].record
    assert isinstance(genesis, Genesis)
    kept = blob(SALTS, msgspec.json.encode(source))
    inputs = (msgspec.structs.replace(genesis.inputs[0], source=kept.ref),)
    settings = pair.child[0].blobs[0]
    pair.child[0] = Entry(msgspec.structs.replace(genesis, inputs=inputs), (settings, kept, *contents))
    return pair


def _reported(usage: Usage3, amounts: dict[str, int], cached: bool = False) -> Pair:
    """A pair whose controller's call reported this, and the counts of it, of which none are charged as tokens."""
    pair = Pair()
    turn = next(entry.record for entry in pair.child if isinstance(entry.record, Turn))
    assert turn.call is not None
    pair.change(Turn, call=msgspec.structs.replace(turn.call, usage=usage, cached=cached))
    counts = {"controller": 1, **amounts, **{f"known_{name}": 1 for name in amounts}}
    return pair.called(usage=usage).recorded(calls=counts)


def _added(pair: Pair, limits: dict[str, int | None], kept: dict[str, int] | None = None) -> Pair:
    """A pair whose parent was given higher limits before it asked."""
    pair.additions = [Entry(Addition(limits=limits, kept=kept or {}, state=state(0)))]
    return pair


def _excerpts(pair: Pair, given: bytes) -> Pair:
    """A pair whose child has excerpts for an input, where its parent gave it these."""
    content = blob(SALTS, b"some lines")
    pair.called(inputs={"part": commit_value(blob(SALTS, b"a step").salt, given)})
    return _with_input(pair, Source(kind="excerpts", content=content.ref), content)


def _from_memory(pair: Pair) -> Pair:
    content = blob(SALTS, b"some lines")
    return _with_input(pair, Source(kind="text", content=content.ref), content)


def _of_documents(pair: Pair) -> Pair:
    return _with_input(pair, Source(kind="documents", files=(SourceFile("a.log", PART.blob, 100),)))


def _without_seal(pair: Pair) -> Pair:
    del pair.child[-1]
    return pair


def _without_question(pair: Pair) -> Pair:
    del pair.child[1]
    return pair


def _broken_child() -> Files:
    files = Pair().files()
    name = f"nested/{ID}.rlm/trace.jsonl"
    return files | {name: files[name].replace(b'"op":"final"', b'"op":"finally"')}


def _no_id(records: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    next(call for call in calls if call.get("child"))["id"] = "../../etc"


_limits: Final = {"limits": {"depth": 0, "turns": 31}}

SOUND: Final[dict[str, Build]] = {
    "nested": nested(Pair),
    "nested, redacted": nested(lambda: _redacted(Pair())),
    "nested, with fewer calls of a tool": nested(
        lambda: _settings(
            Pair(settings={"policy": {"tools": {"a": {"calls": 2}, "b": {"calls": 9}}}}),
            b'{"policy":{"tools":{"a":{"calls":2},"b":{}}}}',
        )
    ),
    "nested, with an input from memory": nested(lambda: _from_memory(Pair())),
    "nested, with an input of documents": nested(lambda: _of_documents(Pair())),
    "nested, with turns that were added": nested(lambda: _added(Pair(settings=_limits), {"turns": 31, "tokens": None})),
    "nested, with excerpts": nested(lambda: _excerpts(Pair(), b"some lines")),
    "nested, with an input from nowhere": nested(lambda: _with_input(Pair(), Source(kind="text"))),
    "nested, with half a report of usage": nested(lambda: _reported((3, None, None), {"input_tokens": 3})),
    "nested, answered from a cache": nested(
        lambda: _reported((3, 4, None), {"input_tokens": 3, "output_tokens": 4}, cached=True)
    ),
    "nested, from before calls were counted": nested(lambda: Pair(flags=()).called(usage=(3, 4, None))),
    "nested, of which the trace is absent": nested(lambda: _incomplete(Pair())),
}
"""Traces whose nested run is what its parent recorded, or is not there."""

OLD_CONTRADICTIONS: Final[dict[str, Build]] = {"an id that is a path": lambda: alter(_no_id, "nested")}
"""The same as `CONTRADICTIONS` in format 1, of which the calls write down their ids."""


CONTRADICTIONS: Final[dict[str, Build]] = {
    "another root": nested(lambda: Pair().recorded(root=state(1))),
    "no id": nested(lambda: Pair().change(Genesis, parent="0" * 32)),
    "not sealed": nested(lambda: _without_seal(Pair())),
    "broken": lambda: _broken_child(),
    "another version of the kernel": nested(lambda: Pair().change(Genesis, kernel="0.0.9")),
    "more turns": nested(lambda: Pair(settings=_limits)),
    "tokens without a limit": nested(lambda: _settings(Pair(), b'{"limits":{"tokens":5}}')),
    "as deep as its parent": nested(lambda: Pair(settings={"limits": {"depth": 1}})),
    "another model": nested(lambda: Pair(settings={"roles": {"sub": {"model": "other"}}})),
    "other tools": nested(lambda: Pair(settings={"tools": {"mail": {"help": "sends"}}})),
    "another policy": nested(lambda: Pair(settings={"policy": {"actions": ["search"]}})),
    "no rules of tools": nested(lambda: _settings(Pair(), b'{"policy":{"tools":{}}}')),
    "a rule of its own": nested(
        lambda: _settings(Pair(settings={"policy": {"tools": {"a": {"rule": "allow"}}}}), b'{"policy":{"tools":{}}}')
    ),
    "a rule that allows more": nested(
        lambda: _settings(
            Pair(settings={"policy": {"tools": {"a": {"rule": "allow"}}}}),
            b'{"policy":{"tools":{"*":{"rule":"ask"}}}}',
        )
    ),
    "a rule for more calls": nested(
        lambda: _settings(
            Pair(settings={"policy": {"tools": {"a": {"calls": 3}}}}), b'{"policy":{"tools":{"a":{"calls":2}}}}'
        )
    ),
    "a rule without a count": nested(
        lambda: _settings(Pair(settings={"policy": {"tools": {"a": {}}}}), b'{"policy":{"tools":{"a":{"calls":2}}}}')
    ),
    "more turns than were added": nested(lambda: _added(Pair(settings=_limits), {"steps": 3_000})),
    "a limit that was lowered": nested(lambda: _added(Pair(), {"turns": 29})),
    "a limit that was taken away": nested(lambda: _added(Pair(), {"turns": None})),
    "a limit that there is not": nested(lambda: _added(Pair(), {"patience": 1})),
    "less than nothing kept": nested(lambda: _added(Pair(), {"turns": 31}, {"tokens": -1})),
    "other excerpts": nested(lambda: _excerpts(Pair(), b"other lines")),
    "settings that are none": nested(lambda: _settings(Pair(), b"no settings")),
    "a limit below zero": nested(lambda: _settings(Pair(), b'{"limits":{"turns":-1}}')),
    "a temperature that is no number": nested(lambda: _both(Pair, {"model": "m", "sampling": {"temperature": "hot"}})),
    "tokens without bytes": nested(lambda: _both(Pair, {"model": "m", "bytes_per_1000_tokens": 0})),
    "no question": nested(lambda: _without_question(Pair())),
    "another question": nested(lambda: Pair().called(rendered="0" * 32)),
    "a question of another size": nested(lambda: Pair().called(prompt_bytes=8)),
    "another input": nested(lambda: Pair().called(inputs={"part": state(1)})),
    "another name of an input": nested(lambda: Pair().called(inputs={"rest": state(1)})),
    "another outcome": nested(lambda: Pair().recorded(status="partial")),
    "another reason": nested(lambda: Pair().recorded(reason="budget")),
    "other warnings": nested(lambda: Pair().recorded(warnings=())),
    "other notes": nested(lambda: Pair().recorded(notes=(Remark(code="input"),))),
    "an answer of one alone": nested(lambda: Pair().called(result=None, error="no_answer")),
    "another answer": nested(lambda: Pair().answered(b"8")),
    "an answer that says nothing": nested(lambda: _answered_nothing(Pair())),
    "findings of one alone": nested(lambda: Pair().recorded(evidence=None)),
    "other findings": nested(lambda: Pair().answered(b"7", b"{}")),
    "another usage": nested(lambda: Pair().called(usage=(3, 5, None))),
    "another usage, from before counts": nested(lambda: Pair(flags=()).called(usage=(3, 5, None))),
    "other calls": nested(lambda: Pair().recorded(calls={"controller": 2})),
    "another use": nested(lambda: Pair().recorded(used={"steps": 2, "turns": 1, "tool_calls.mail": 1})),
}
"""A trace with a nested run that says something else than its parent, by what that is. Both are sound by themselves."""
