"""Forgeries: whoever alters a run, however consistently, is found where it was altered."""

from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.records import Blob, Entry, Genesis, Seal, Step, Turn
from rlmlite_kernel.records.refs import RunKey, blob
from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    TraceBrokenError,
    Verdict,
    replay,
    verify,
)
from tests.traces import handmade
from tests.traces.reading.kept import redacted
from tests.traces.replays import real_runs
from tests.traces.replays.forging import Change, entries_of, forge, with_fields
from tests.traces.replays.real_runs import is_reproduced


def with_call(**fields: object) -> Change:
    """Change the second call, and its step's root with it."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = next(seq for seq, entry in enumerate(entries) if entry.effects)
        entry = entries[at]
        calls = list(entry.effects)
        calls[1] = msgspec.structs.replace(calls[1], **fields)
        entries[at] = handmade.with_calls(entry, calls)
        return entries

    return change


FORGERIES: dict[str, tuple[Change, int, str]] = {
    "op": (with_fields(Step, 0, op="count"), 2, "op"),
    "status": (with_fields(Step, 1, status="failed", code="type"), 3, "code"),
    "coverage": (with_fields(Step, 0, coverage={"log": (1, 2, 3)}), 2, "coverage.log[0]"),
    "used": (with_fields(Step, 0, used={}), 2, "used"),
    "priced": (with_fields(Step, 3, priced={"sub_calls": 2}), 6, "priced.output_tokens"),
    "statement": (with_fields(Step, 1, statement=9), 3, "statement"),
    "a read": (with_fields(Step, 1, reads=("log",)), 3, "reads[0]"),
    "no writes": (with_fields(Step, 1, writes=()), 3, "writes"),
    "a call's prompt": (with_call(prompt_bytes=1), 6, "effects.jsonl[2].prompt_bytes"),
    "a call's tokens": (with_call(usage=(10**9, 1, None)), 6, "observation.ref"),
    "the actions": (with_fields(Genesis, 0, actions=handmade.state(1)), 0, "actions"),
    "the scope": (with_fields(Genesis, 0, scope={"user": "me"}), 0, "scope"),
    "the parent": (with_fields(Genesis, 0, parent="x"), 0, "parent"),
    "the origin": (with_fields(Turn, 0, origin="lm"), 1, "origin"),
    "another origin": (with_fields(Turn, 0, origin="host"), 1, "origin"),
    "the outcome": (with_fields(Seal, 0, outcome="partial", reason="budget"), 11, "outcome"),
    "an outcome of the host's": (with_fields(Seal, 0, outcome="partial", reason="host.stopped"), 11, "outcome"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_consistent_forgery_is_found(honest_run: CheckedTrace, name: str) -> None:
    """A changed record with all hashes recomputed verifies, and is found where it was changed."""
    change, seq, field = FORGERIES[name]
    trace = forge(honest_run, change)

    found = replay(trace)

    # Another action table may be a host's own: it is found, and not called forged.
    assert found.verdict is (Verdict.ENGINES if field == "actions" else Verdict.FORGED)
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (seq, field)


def change_reply(entries: list[Entry]) -> list[Entry]:
    other = blob(RunKey(real_runs.KEY), b"0 errors")
    entries = with_call(result=other.ref)(entries)
    entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
    return entries


def test_a_changed_reply_is_found_at_its_step(honest_run: CheckedTrace) -> None:
    """If a model's reply is altered and every hash recomputed, the difference is found at the step that used it."""
    found = replay(forge(honest_run, change_reply))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.seq == 6
    assert found.executed == 3


def test_a_step_left_out_or_added_is_found(honest_run: CheckedTrace) -> None:
    """A turn with another number of steps differs at the first step that is missing or too many."""

    def without_last_count(entries: list[Entry]) -> list[Entry]:
        count, rest = entries[7].record, entries[8:]
        assert isinstance(count, Step)
        final = msgspec.structs.replace(rest[2].record, step=5)
        sealed = msgspec.structs.replace(rest[3].record, steps=5)
        return [*entries[:7], rest[0], rest[1], Entry(final), Entry(sealed)]

    found = replay(forge(honest_run, without_last_count))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.recorded) == (7, "turn")


def test_a_step_added_and_then_redacted_is_found(honest_run: CheckedTrace) -> None:
    """That its statement is gone excuses nothing: there is none at that place."""
    before = [entry for entry in entries_of(honest_run) if not isinstance(entry.record, Seal)]
    last = before[-1].record
    assert isinstance(last, Step)
    added = Entry(msgspec.structs.replace(last, step=last.step + 1))
    longer = forge(honest_run, lambda _: [*before, added])

    replayed = replay(redacted(longer, lambda record: [last.ast] if record is longer.records[-1] else []))

    assert replayed.verdict is Verdict.FORGED


HOSTILE = (
    b'{"program":{"body":[]},"text":"x","at":[],"more":1}',
    b'{"at":[100000000000000000000],"program":{"body":[]},"text":"x"}',
    b'{"problems":[{"code":"syntax","message":"m","offset":100000000000000000000}],"text":"x"}',
    b'{"problems":[{"code":"syntax","message":"m","offset":-1}],"text":"x"}',
    b'{"limits":{"cost_nano":5},"roles":{"sub":{"model":"m"}}}',
)


@pytest.mark.parametrize("what", ["ast", "diagnostics", "settings"])
def test_unreadable_content_is_a_difference(honest_run: CheckedTrace, what: str) -> None:
    """A program, diagnostics or settings that cannot be read are reported as a difference, not raised."""
    for bad in (b"[]", b"\xff", b"[" * 100_000, *HOSTILE):
        other = blob(RunKey(real_runs.KEY), bad)

        def change(entries: list[Entry], other: Blob = other) -> list[Entry]:
            if what == "settings":
                entries = with_fields(Genesis, 0, settings=other.ref)(entries)
            else:
                entries = with_fields(Turn, 2 if what == "diagnostics" else 0, **{what: other.ref})(entries)
            entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
            return entries

        found = replay(forge(honest_run, change))
        assert found.verdict is Verdict.FORGED
        assert found.difference is not None
        assert found.difference.field.startswith(what)


def test_more_turns_than_the_limit_are_forged(tmp_path: Path) -> None:
    """A turn beyond the limit cannot have taken place."""
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {}, blobs, ("a = 1", "b = 2", "c = 3"))
    trace = verify(tmp_path / "a.rlm")
    few = real_runs.settings()
    content = msgspec.json.Encoder(order="sorted").encode(
        msgspec.structs.replace(few, limits=msgspec.structs.replace(few.limits, turns=2))
    )
    other = blob(RunKey(real_runs.KEY), content)

    def change(entries: list[Entry]) -> list[Entry]:
        entries = with_fields(Genesis, 0, settings=other.ref)(entries)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
        return entries

    found = replay(forge(trace, change))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (5, "turn")


def test_steps_without_a_turn_and_steps_too_many_are_found(honest_run: CheckedTrace) -> None:
    """A step before the first turn, or after the last of its turn, was not made by a program."""
    extra = handmade.step(1, 0, 0).record
    assert isinstance(extra, Step)
    state = honest_run.genesis.state

    def before(entries: list[Entry]) -> list[Entry]:
        first = msgspec.structs.replace(extra, ast=entries_refs[0], observation=observed, state=state)
        return [entries[0], Entry(first)]

    def after(entries: list[Entry]) -> list[Entry]:
        last = entries[3].record
        assert isinstance(last, Step)
        more = msgspec.structs.replace(last, step=3, state=last.state)
        return [*entries[:4], Entry(more)]

    some = honest_run.records[2]
    assert isinstance(some, Step)
    entries_refs, observed = [some.ast], some.observation
    for change, seq, recorded_kind in ((before, 1, "step"), (after, 4, "step")):
        found = replay(forge(honest_run, change))
        assert found.verdict is Verdict.FORGED
        assert found.difference is not None
        assert (found.difference.seq, found.difference.field) == (seq, "kind")
        assert found.difference.recorded == recorded_kind


def test_a_host_may_end_a_run_but_not_better_or_otherwise_than_it_went(
    honest_run: CheckedTrace, tmp_path: Path
) -> None:
    """Without an answer a host may stop a run with a reason of its own. A reason of ours has to fit the state."""
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {}, blobs, ("a = 1", "b = nothing"))
    failed = verify(tmp_path / "a.rlm")
    for trace, outcome, reason, honest in (
        (honest_run, "partial", "host.stopped", False),
        (honest_run, "partial", "last_answer", False),
        (honest_run, "partial", "stuck", False),
        (failed, "partial", "host.time", True),
        (failed, "failed", "host.time", True),
        (failed, "partial", "time", False),
        (failed, "failed", "budget", False),
        (failed, "partial", "budget", False),
        (failed, "failed", "controller", False),
        (failed, "partial", "input_changed", False),
        (failed, "completed", "no_answer", False),
    ):
        found = replay(forge(trace, with_fields(Seal, 0, outcome=outcome, reason=reason)))
        assert (found.verdict is Verdict.REPRODUCED) is honest, (outcome, reason)


def test_what_a_seal_says_of_the_last_turn_is_seen_without_executing_it(
    honest_run: CheckedTrace, tmp_path: Path
) -> None:
    """A result that no `final` gave, or none after a `final`, and a refusal of what was a program, do not verify."""
    for fields in (
        {"result": None},
        {"result": None, "outcome": "failed", "reason": "no_answer"},
        {"outcome": "failed", "reason": "stopped"},
        {"outcome": "refused", "reason": "syntax"},
        {"outcome": "partial"},
        {"reason": "no_answer"},
    ):
        with pytest.raises(TraceBrokenError, match="seal-re"):
            forge(honest_run, with_fields(Seal, 0, **fields))


def test_a_run_cannot_be_cut_within_a_turn_and_sealed(honest_run: CheckedTrace) -> None:
    """Only a changed input ends a run within a turn, and the seal has to give that reason."""

    def cut(reason: str) -> Change:
        def change(entries: list[Entry]) -> list[Entry]:
            last, end = entries[2].record, entries[-1].record
            assert isinstance(last, Step)
            fields = {"steps": 1, "state": last.state, "outcome": "partial", "reason": reason, "result": None}
            return [*entries[:3], Entry(msgspec.structs.replace(end, **fields))]

        return change

    assert is_reproduced(replay(forge(honest_run, cut("input_changed"))))
    found = replay(forge(honest_run, cut("budget")))
    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert (found.difference.seq, found.difference.field) == (3, "reason")


def test_calls_are_bound_to_their_run(honest_run: CheckedTrace) -> None:
    """The id of a round's first call names the run, the turn and the statement: none of them can be another's."""
    with pytest.raises(TraceBrokenError, match="effects-head"):
        forge(honest_run, with_fields(Genesis, 0, run="other"))


def test_one_model_answers_a_round(honest_run: CheckedTrace) -> None:
    """What calls share stands in their head alone, so that one call of a round cannot claim another model."""
    trace = forge(honest_run, with_call(model="better"))
    at = next(seq for seq in range(trace.size) if trace.effects(seq))

    assert {call.model for call in trace.effects(at)} == {call.model for call in honest_run.effects(at)}
