"""A parent and its nested run repeat each other; neither can tell another story. (S11)"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.records import Entry, Genesis, Question, Seal, Step, Turn
from rlmlite_traces import Standing, nested_place, nested_traces, verify
from tests.guard.verifying.nested_runs import nested_run
from tests.traces.forge.folders import (
    children_of,
    committed,
    new_blob,
    rewrite_child,
    with_child,
    with_record,
    write_folder,
)
from tests.traces.replays.forging import entries_of

Change = Callable[[list[Entry]], list[Entry]]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a nested run, which nobody changed."""
    return nested_run(tmp_path_factory.mktemp("honest"))


@pytest.fixture
def place(honest: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(honest, tmp_path / "run.rlm"))


def standing(place: Path) -> Standing:
    """How the nested run stands to its parent, which itself verifies."""
    (found,) = nested_traces(verify(place), place)
    return found.standing


def test_an_honest_nested_run_is_the_same(place: Path) -> None:
    """Nothing of it contradicts its parent."""
    assert standing(place) is Standing.SAME


def _seal(**fields: object) -> Change:
    def change(entries: list[Entry]) -> list[Entry]:
        record = msgspec.structs.replace(entries[-1].record, **fields)
        return with_record(entries, len(entries) - 1, record)

    return change


def _result(entries: list[Entry]) -> list[Entry]:
    other = new_blob(b'{"basis":"none","evidence":[],"evidence_total":0,"unshown":[],"value":99}')
    return with_record(
        _seal(result=other.ref)(entries), len(entries) - 1, _seal(result=other.ref)(entries)[-1].record, other
    )


def _record(kind: type, number: int, **fields: object) -> Change:
    def change(entries: list[Entry]) -> list[Entry]:
        at = [seq for seq, entry in enumerate(entries) if type(entry.record) is kind][number]
        return with_record(entries, at, msgspec.structs.replace(entries[at].record, **fields))

    return change


def _question(entries: list[Entry]) -> list[Entry]:
    other = new_blob(b"How many warnings?")
    record = entries[1].record
    assert isinstance(record, Question)
    return with_record(entries, 1, msgspec.structs.replace(record, text=other.ref), other)


def _usage(entries: list[Entry]) -> list[Entry]:
    at = next(seq for seq, entry in enumerate(entries) if entry.effects)
    calls = tuple(msgspec.structs.replace(call, usage=(9, 9, 9)) for call in entries[at].effects)
    return [*entries[:at], committed(entries[at], calls), *entries[at + 1 :]]


def _controllers_usage(entries: list[Entry]) -> list[Entry]:
    at = next(seq for seq, entry in enumerate(entries) if isinstance(entry.record, Turn) and entry.record.call)
    record = entries[at].record
    assert isinstance(record, Turn)
    assert record.call is not None
    call = msgspec.structs.replace(record.call, usage=(1, 2, 3))
    return with_record(entries, at, msgspec.structs.replace(record, call=call))


def _settings(**limits: object) -> Change:
    """Other limits in the settings of the nested run."""

    def change(entries: list[Entry]) -> list[Entry]:
        record = entries[0].record
        assert isinstance(record, Genesis)
        content = next(blob.content for blob in entries[0].blobs if blob.ref == record.settings)
        settings = json.loads(content)
        for path, value in limits.items():
            *parents, last = path.split("__")
            target = settings
            for name in parents:
                target = target.setdefault(name, {})
            target[last] = value
        other = new_blob(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode())
        return with_record(entries, 0, msgspec.structs.replace(record, settings=other.ref), other)

    return change


def _inputs(**fields: object) -> Change:
    def change(entries: list[Entry]) -> list[Entry]:
        record = entries[0].record
        assert isinstance(record, Genesis)
        inputs = (msgspec.structs.replace(record.inputs[0], **fields), *record.inputs[1:])
        return with_record(entries, 0, msgspec.structs.replace(record, inputs=inputs))

    return change


def _source(entries: list[Entry]) -> list[Entry]:
    """The nested run read another part of the file."""
    record = entries[0].record
    assert isinstance(record, Genesis)
    content = next(blob.content for blob in entries[0].blobs if blob.ref == record.inputs[0].source)
    other = new_blob(content.replace(b'"part":[0,400]', b'"part":[0,200]'))
    assert other.content != content
    return with_record(_inputs(source=other.ref)(entries), 0, _inputs(source=other.ref)(entries)[0].record, other)


def _findings(entries: list[Entry]) -> list[Entry]:
    """The nested run says that its answer rests on a place where it found nothing."""
    other = new_blob(b'{"basis":"given","evidence":[{"how":"verbatim","input":"part","spans":[[0,9]]}],"total":1}')
    record = msgspec.structs.replace(entries[-1].record, findings=other.ref)
    return with_record(entries, len(entries) - 1, record, other)


OF_THE_CHILD: dict[str, Change] = {
    "other evidence": _findings,
    "no evidence": _seal(findings=None),
    "another answer": _result,
    "no answer": _seal(result=None),
    "another outcome": _seal(outcome="partial", reason="budget"),
    "another reason": _seal(reason="last_answer"),
    "not sealed": lambda entries: entries[:-1],
    "another parent": _record(Genesis, 0, parent="0" * 32),
    "no parent": _record(Genesis, 0, parent=None),
    "another scope": _record(Genesis, 0, scope={"user": "mallory"}),
    "another kernel": _record(Genesis, 0, kernel="0.0.1"),
    "another grammar": _record(Genesis, 0, grammar="0" * 64),
    "no flags": _record(Genesis, 0, flags=()),
    "another action table": _record(Genesis, 0, actions="1" * 64),
    "another question": _question,
    "another input name": _inputs(name="other"),
    "another part of the file": _source,
    "a call's usage": _usage,
    "a controller's usage": _controllers_usage,
    "a step's charge": _record(Step, 1, used={"steps": 7}),
    "a turn's charge": _record(Turn, 1, used={"turns": 3}),
    "more turns": _settings(limits__turns=10_000),
    "more depth": _settings(limits__depth=5),
    "no token limit is fine, more prompt bytes are not": _settings(limits__prompt_bytes=2**53 - 1),
    "a model of its own": _settings(roles__controller={"model": "evil:model"}),
    "a tool of its own": _settings(tools__send={"help": "Sends."}),
    "another egress": _settings(policy__egress={"*": ["*"]}),
    "settings that are none": _settings(limits="many"),
}


@pytest.mark.parametrize("name", OF_THE_CHILD)
def test_a_changed_nested_run_differs(place: Path, name: str) -> None:
    """The nested trace is changed consistently, and its parent given the new root: its own records contradict it."""
    rewrite_child(place, OF_THE_CHILD[name])

    assert standing(place) is Standing.DIFFERS


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "partial", "reason": "budget"},
        {"reason": "stuck"},
        {"root": "0" * 64},
        {"used": {"turns": 1}},
        {"used": {}},
        {"evidence": None},
    ],
    ids=str,
)
def test_a_changed_child_in_the_parent_differs(place: Path, fields: dict[str, object]) -> None:
    """What the parent recorded of the nested run is changed consistently: the nested trace contradicts it."""
    trace = verify(place)
    write_folder(place, with_child(entries_of(trace), children_of(trace)[0], **fields))

    assert standing(place) is Standing.DIFFERS


@pytest.mark.parametrize("what", ["result", "error", "usage", "inputs", "rendered", "prompt_bytes"])
def test_a_changed_call_in_the_parent_differs(place: Path, what: str) -> None:
    """The call itself is changed: its result, its usage, what it was given, what it was asked."""
    trace = verify(place)
    entries = entries_of(trace)
    at = next(seq for seq, entry in enumerate(entries) if entry.effects and entry.effects[0].child)
    other = new_blob(b"99")
    fields: dict[str, dict[str, object]] = {
        "result": {"result": other.ref},
        "error": {"result": None, "error": "no_answer"},
        "usage": {"usage": (0, 0, 0)},
        "inputs": {"inputs": {"part": "0" * 64}},
        "rendered": {"rendered": "0" * 32},
        "prompt_bytes": {"prompt_bytes": 1},
    }
    calls = (msgspec.structs.replace(entries[at].effects[0], **fields[what]),)
    entries[at] = committed(entries[at], calls)
    write_folder(place, with_record(entries, 0, entries[0].record, other))

    assert standing(place) is Standing.DIFFERS


def test_evidence_that_a_nested_run_does_not_have_differs(place: Path) -> None:
    """The parent's record claims evidence that the nested trace has not; alone it would verify. (D3)"""
    trace = verify(place)
    claim = new_blob(b'{"basis":"given","evidence":[{"how":"verbatim","input":"part","spans":[[0,9]]}],"total":1}')
    entries = with_child(entries_of(trace), children_of(trace)[0], evidence=claim.ref)
    write_folder(place, with_record(entries, 0, entries[0].record, claim))
    (found,) = nested_traces(verify(place), place)

    assert (found.standing, found.reason) == (
        Standing.DIFFERS,
        "its evidence or its coverage is not what its parent recorded",
    )


def test_two_nested_runs_cannot_be_exchanged(place: Path) -> None:
    """The folder of a nested run under another id is not found there."""
    (id_,) = children_of(verify(place))
    nested_place(place, id_).rename(place / "nested" / f"{'0' * 32}.rlm")

    assert standing(place) is Standing.ABSENT


def test_a_seal_of_a_nested_run_is_needed(place: Path) -> None:
    """A record kind that is no seal at the end is told, not raised."""
    rewrite_child(place, lambda entries: entries[:2])
    assert standing(place) is Standing.DIFFERS
    assert isinstance(verify(place).records[-1], Seal)
