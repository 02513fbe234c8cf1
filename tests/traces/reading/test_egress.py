"""Egress: every byte that left a run is in a row, with as much as a trace can know of it."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from rlmlite.cli.commands.traces.reading.egress import Looks
from rlmlite_kernel.records.records import Entry, Genesis, Step, Turn
from rlmlite_traces import CheckedTrace, replay, verify
from rlmlite_traces.reading.egress.report import egress_of
from rlmlite_traces.reading.egress.sent import HOW, Egress, Marks, Sent
from rlmlite_traces.reading.story import Story
from tests.traces.forge.folders import salted_as, with_record
from tests.traces.reading.kept import GOLDEN, KEPT, changed, kept, redacted
from tests.traces.replays.forging import forge


def rows(egress: Egress, **fields: str) -> list[Sent]:
    """The rows that have these fields."""
    return [each for each in egress.sent if all(getattr(each, name) == value for name, value in fields.items())]


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_no_call_is_left_out(place: Path) -> None:
    """Each destination of each call of a kept trace has rows, and the words and contents are all the bytes sent."""
    trace = verify(place)
    egress = egress_of(Story(trace), place)

    calls = [call for seq in range(trace.size) for call in trace.effects(seq) if not call.same_as]
    for effect, kind in (("lm", "model"), ("tool", "tool"), ("approve", "approval")):
        made = [call for call in calls if call.effect == effect]
        named = {call.model if kind == "model" else call.role for call in made}
        whole = {"tool": "arguments", "approval": "arguments", "model": "words"}[kind]
        assert {each.destination for each in rows(egress, kind=kind, run="")} == named
        assert sum(each.calls for each in rows(egress, kind=kind, run="", how=whole)) == len(made)
    spoken = [record.call for record in trace.records if isinstance(record, Turn) and record.call is not None]
    words = rows(egress, kind="controller", run="", how="words")
    assert sum(each.bytes for each in words) == sum(call.prompt_bytes for call in spoken)
    assert all(each.how in HOW for each in egress.sent)
    assert json.dumps(msgspec.to_builtins(egress))


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_what_is_known_exactly_agrees_with_what_the_kernel_counted(place: Path) -> None:
    """Ranges sent to models are among the bytes that the run counts as read, and all of them where nothing is made."""
    trace = verify(place)
    egress = egress_of(Story(trace), place)
    read = {name: 0 for name in (entry.name for entry in trace.input_entries)}
    for record in trace.records:
        if isinstance(record, Step):
            read |= {name: counts[1] for name, counts in record.coverage.items()}
    answered = [each for each in rows(egress, kind="model", how="ranges", run="") if not each.failed]

    for name, count in read.items():
        exact = sum(each.bytes for each in answered if each.input == name)
        counted = sum(each.bytes for each in rows(egress, how="counted", input=name, run=""))
        assert counted <= count
        assert exact <= count
        is_all_known = not any(name in each.of for each in egress.sent if each.how in ("made", "arguments", "unknown"))
        has_failed = any(each.failed for each in rows(egress, kind="model", input=name))
        if is_all_known and not has_failed and not rows(egress, kind="nested"):
            assert exact == count


def marks_of(trace: CheckedTrace) -> dict[int, Marks]:
    """What a replay knows that had been shown and read before each turn, and after the last."""
    looks = Looks()
    looks.end(replay(trace, controller_check=looks).state)
    return looks.marks


@pytest.mark.parametrize("name", ["2.3/agent", "2.3/tools", "2.3/nested", "2.3/held-quote-unshown"])
def test_a_replay_makes_counts_exact(name: str) -> None:
    """The ranges that had been shown are as many bytes as the records say."""
    story = Story(kept(name))
    counted = rows(egress_of(story), kind="controller", how="shown", run="")
    exact = rows(egress_of(story, marks=marks_of(story.trace)), kind="controller", how="ranges", run="")

    assert counted
    for each in counted:
        ranges = [row for row in exact if row.input == each.input]
        assert sum(row.bytes for row in ranges) == each.bytes
        assert {row.calls for row in ranges} == {each.calls}


@pytest.mark.parametrize("name", ["2.3/held-rests-on-failed-calls", "2.3/rounds"])
def test_a_replay_knows_what_stood_in_texts_that_programs_made(name: str) -> None:
    """Where one destination has read it in a turn: the ranges are as many bytes as the kernel has counted."""
    story = Story(kept(name))
    counted = rows(egress_of(story), how="counted", run="")
    exact = egress_of(story, marks=marks_of(story.trace))

    assert not rows(exact, how="counted", run="")
    for each in counted:
        ranges = rows(exact, how="ranges", destination=each.destination, input=each.input)
        assert sum(row.bytes for row in ranges) >= each.bytes


def test_a_nested_run_is_told_by_its_own_trace() -> None:
    """What its controller was shown of a document of its parent is named as that document's."""
    place = GOLDEN / "2.3" / "nested.rlm"
    (row,) = [each for each in egress_of(Story(verify(place)), place).sent if each.run and each.how == "ranges"]

    assert (row.kind, row.input, row.path, row.ranges) == ("controller", "docs", "a.txt", ((0, 8),))


def test_a_nested_run_whose_trace_is_gone_is_told_by_its_report(tmp_path: Path) -> None:
    """And it is said that it is."""
    place = tmp_path / "t.rlm"
    shutil.copytree(GOLDEN / "2.3" / "nested.rlm", place)
    shutil.rmtree(place / "nested")

    egress = egress_of(Story(verify(place)), place)

    assert "its trace is not here" in egress.gaps[0]
    (row,) = [each for each in egress.sent if each.run]
    assert (row.kind, row.how, row.bytes, row.of) == ("controller", "ranges", 8, ("docs",))


def test_an_input_from_an_address_is_said_to_be_fetched() -> None:
    """Its host was asked, and is named without the rest of the address."""
    trace = kept("2.3/fan-out")

    def fetched(entries: list[Entry]) -> list[Entry]:
        genesis = entries[0].record
        assert isinstance(genesis, Genesis)
        first = genesis.inputs[0]
        assert first.source is not None
        source = json.loads(trace.content(first.source)) | {"path": "https://logs.example.org/app.log"}
        new = salted_as(trace, first.source, json.dumps(source, separators=(",", ":"), sort_keys=True).encode())
        inputs = (msgspec.structs.replace(first, source=new.ref), *genesis.inputs[1:])
        return with_record(entries, 0, msgspec.structs.replace(genesis, inputs=inputs), new)

    (one,) = egress_of(Story(forge(trace, fetched))).fetched

    assert (one.input, one.host, one.size) == ("log", "logs.example.org", 3027)


def test_what_redaction_took_is_a_gap_and_not_a_silence() -> None:
    """Without its statement a step has no key: what it sent is told by size, and why no more is known."""
    trace = redacted(kept("2.3/fan-out"), lambda record: [record.ast] if isinstance(record, Step) else [])
    egress = egress_of(Story(trace))

    assert not rows(egress, kind="model", how="ranges")
    assert sum(each.bytes for each in rows(egress, kind="model", how="made")) > 3027
    assert any("was redacted" in gap for gap in egress.gaps)


@pytest.mark.parametrize("name", ["2.3/fan-out", "2.3/nested-evidence", "2.3/tools"])
def test_a_stranger_s_trace_has_a_report(name: str) -> None:
    """Whatever its fields and contents say."""
    for _, trace in changed(kept(name), every=6):
        assert msgspec.json.encode(egress_of(Story(trace)))


def test_ranges_that_are_not_all_that_was_shown_are_not_told_as_exact() -> None:
    """What a replay, or a stranger's findings, lack of the bytes that the records count makes them a guess."""
    story = Story(kept("2.3/agent"))
    marks: dict[int, Marks] = {turn: {("log", "shown"): [(0, 10)], ("docs", "shown"): [(0, 3)]} for turn in range(1, 9)}

    found = rows(egress_of(story, marks=marks), kind="controller", run="")

    assert {each.how for each in found if each.input} == {"shown"}
