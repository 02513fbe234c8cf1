"""A story: what a trace says, of every kept trace, of redacted ones, and of those that a stranger has changed."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.records import AnyRecord, Step, Turn
from rlmlite_kernel.records.refs import commit_value_digest
from rlmlite_traces import CheckedTrace, TraceBrokenError, verify
from rlmlite_traces.reading.document import story_document
from rlmlite_traces.reading.parts.calls import prompt_text
from rlmlite_traces.reading.parts.chapters import QuestionStory, RedactionStory, TurnStory
from rlmlite_traces.reading.story import Story, open_story
from tests.traces.reading.kept import GOLDEN, KEPT, changed, kept, redacted


def read_whole(trace: CheckedTrace) -> str:
    """Everything that a story has, as JSON."""
    return json.dumps(story_document(Story(trace)), allow_nan=False)


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_a_story_has_every_record_of_a_kept_trace(place: Path) -> None:
    """Each turn, step, call and question once, in order; each step with the text of its statement, where it stands."""
    trace = verify(place)
    story = Story(trace)
    turns = [chapter for chapter in story.chapters() if isinstance(chapter, TurnStory)]
    steps = [step for turn in turns for step in turn.steps]

    assert [turn.seq for turn in turns] == [at for at, each in enumerate(trace.records) if isinstance(each, Turn)]
    assert [step.seq for step in steps] == [at for at, each in enumerate(trace.records) if isinstance(each, Step)]
    assert [len(list(story.calls(step.seq))) for step in steps] == [step.calls for step in steps]
    assert story.ending is not None
    assert story.ending.answer is None or not story.ending.answer.absence
    for turn in turns:
        assert turn.program is not None
        lines = turn.program.text.split("\n")
        for step in turn.steps:
            assert step.text
            assert step.text.split("\n")[0] in lines[step.line - 1]
    assert json.loads(read_whole(trace))["root"] == trace.root


@pytest.mark.parametrize("name", ["2.3/nested", "2.3/rounds", "2.3/tools", "1/calls"])
def test_a_prompt_is_what_the_record_commits_to(name: str) -> None:
    """Put together from its recipe, where the trace holds all of it, it has the recorded commitment and size."""
    trace = kept(name)
    story = Story(trace)
    whole = 0
    for seq, record in enumerate(trace.records):
        if isinstance(record, Step):
            key = trace.contents.places[record.ast].salt
            for call, recorded in zip(story.calls(seq), trace.effects(seq), strict=True):
                if any(part.text.absence for part in call.prompt):
                    continue
                text = prompt_text(call.prompt).encode()
                whole += 1
                assert commit_value_digest(key, hashlib.sha256(text).digest()).startswith(recorded.rendered)
                assert len(text) == recorded.prompt_bytes

    assert whole


def test_content_of_an_input_is_named_by_its_place() -> None:
    """A span of a prompt says which bytes of which input it is, from commitments alone."""
    story = Story(kept("2.3/fan-out"))
    fan_out = next(
        step for turn in story.chapters() if isinstance(turn, TurnStory) for step in turn.steps if step.calls
    )
    # Not the number of the chunk, which the program made.
    parts = [part for call in story.calls(fan_out.seq) for part in call.prompt if part.source]

    assert {part.input for part in parts} == {"log"}
    assert all(part.stop - part.start == part.size for part in parts)
    assert all(part.text.size == part.size for part in parts)  # an input from memory, which the trace holds


def test_what_was_asked_and_held_back_is_told() -> None:
    """The question, the roles, a verdict of the host on an answer, and the answer that was taken."""
    story = Story(kept("2.3/held-not-accepted"))
    chapters = list(story.chapters())

    assert [str(question) for question in story.questions] == ["How many disks failed?"]
    assert isinstance(chapters[0], QuestionStory)
    assert story.beginning.settings is not None
    assert story.beginning.settings.gates == ("accept",)
    verdicts = [each.held_back for each in chapters if isinstance(each, TurnStory) and each.held_back is not None]
    assert [(each.code, str(each.example)) for each in verdicts] == [("not_accepted", "count the bays as well")] * 2


def _programs(record: AnyRecord) -> list[str]:
    return [record.ast] if isinstance(record, Turn) and record.ast is not None else []


def _statements(record: AnyRecord) -> list[str]:
    return [record.ast] if isinstance(record, Step) else []


def _observations(record: AnyRecord) -> list[str]:
    return [record.observation.ref] if isinstance(record, Step) and record.observation.ref is not None else []


@pytest.mark.parametrize("choose", [_programs, _statements, _observations])
@pytest.mark.parametrize("name", ["2.3/agent", "2.3/fan-out", "2.3/nested-evidence", "2.3/tools"])
def test_what_was_redacted_is_said_to_be(name: str, choose: object) -> None:
    """Whatever was removed, the rest is told, and the gap is called by its name."""
    trace = redacted(kept(name), choose)  # type: ignore[arg-type]  # pytest's parameter has no type
    told = read_whole(trace)

    assert isinstance(list(Story(trace).chapters())[-1], RedactionStory)
    assert choose is _statements or '"absence": "redacted"' in told
    assert '"absence": "absent"' not in told or name == "2.3/fan-out"


@pytest.mark.parametrize("name", ["2.3/agent", "2.3/nested-evidence", "2.3/rounds", "2.3/tools"])
def test_a_stranger_s_trace_is_read_whatever_it_says(name: str) -> None:
    """Any field and any content may be another one: nothing is raised, and what makes no sense is `unreadable`."""
    told = [read_whole(trace) for _, trace in changed(kept(name), every=4)]

    assert len(told) > 20
    assert name != "2.3/tools" or any('"absence": "unreadable"' in each for each in told)


def test_what_a_killed_process_left_is_told(tmp_path: Path) -> None:
    """Its whole records, and how many bytes at the end are not."""
    source = GOLDEN / "2.3" / "search.rlm"
    for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    whole = (source / "trace.jsonl").read_bytes()
    (tmp_path / "trace.jsonl").write_bytes(whole[:-40])

    story = open_story(tmp_path)

    assert story.ending is None
    assert story.lost["trace.jsonl"] > 0
    assert story.trace.size == verify(source).size - 1
    msgspec.json.encode(list(story.chapters()))
    (tmp_path / "trace.jsonl").write_bytes(whole.replace(b'"op":"search"', b'"op":"sEarch"'))
    with pytest.raises(TraceBrokenError):
        open_story(tmp_path)
