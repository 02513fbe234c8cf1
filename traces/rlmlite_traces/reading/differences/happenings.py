"""Happenings: a story as a flat list of facts, each with its place, so that two stories can be laid side by side.

    turn 1, step 2    statement      hits = search(log, "ERROR")
    turn 1, step 2    writes         hits hits 1248
    turn 1, step 2    observation    hits = 2 hits {...}

A fact that is in a content which is not here is `None`: it can be compared with nothing. What two runs of the same
never share is left out: ids, salts and refs.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import msgspec

from rlmlite_traces.reading.parts.chapters import (
    AdditionStory,
    CallStory,
    Ending,
    InputStory,
    PromptPart,
    QuestionStory,
    RedactionStory,
    StepStory,
    TurnStory,
)
from rlmlite_traces.reading.parts.passages import Passage
from rlmlite_traces.reading.story import Story

Fact: TypeAlias = str | None
"""A fact as text; `None` where its content is not here."""


class Happening(NamedTuple):
    """One fact: where, what about, and what."""

    place: str
    field: str
    fact: Fact


def beginning_of(story: Story) -> dict[str, Fact]:
    """What a run began with: versions, inputs, settings."""
    beginning = story.beginning
    facts: dict[str, Fact] = {
        "kernel": beginning.kernel,
        "format": str(beginning.format),
        "flags": ", ".join(map(str, beginning.flags)),
        "rendering": str(beginning.rendering),
        "grammar": beginning.grammar,
        "actions": beginning.actions,
    }
    facts |= {f"engine {name}": version for name, version in beginning.engines.items()}
    facts |= {f"label {name}": label for name, label in beginning.scope.items()}
    facts |= {f"input {each.name}": _input(each) for each in beginning.inputs}
    if beginning.settings is None:
        return facts | {"settings": None}
    settings = msgspec.to_builtins(beginning.settings)
    for group in ("limits", "roles", "tools"):
        facts |= {f"{group}.{name}": _json(value) for name, value in settings.get(group, {}).items()}
    facts |= {f"policy.{name}": _json(value) for name, value in settings.get("policy", {}).items()}
    return facts | {"gates": ", ".join(beginning.settings.gates)}


def happenings_of(story: Story) -> Iterator[Happening]:
    """What happened after the beginning, in order."""
    for chapter in story.chapters():
        match chapter:
            case QuestionStory():
                yield Happening("question", "text", _text(chapter.text))
                yield Happening("question", "form", None if chapter.form is None else _text(chapter.form))
            case AdditionStory():
                yield Happening("addition", "inputs", ", ".join(map(_input, chapter.inputs)))
                yield Happening("addition", "limits", _json(chapter.limits))
            case TurnStory():
                yield from _turn(chapter, story)
            case RedactionStory():
                pass  # about the trace, and not the run
    yield from ending_of(story)


def ending_of(story: Story) -> Iterator[Happening]:
    """The outcome, the answer and its evidence; nothing of an open trace."""
    if story.ending is not None:
        yield from _ending(story.ending)


def _turn(turn: TurnStory, story: Story) -> Iterator[Happening]:
    place = f"turn {turn.turn}"
    speaker = turn.origin if turn.speaker is None else f"{turn.speaker.role}: {turn.speaker.model}"
    yield Happening(place, "speaker", speaker)
    if turn.held_back is not None:
        example = turn.held_back.example
        yield Happening(place, "verdict on the answer before", None if example is None else _text(example))
    if turn.speaker is not None:
        yield Happening(place, "error", turn.speaker.error)
    if turn.program is not None:
        yield Happening(place, "program", _text(turn.program))
    yield Happening(place, "problems", "; ".join(problem.message for problem in turn.problems))
    for step in turn.steps:
        yield from _step(f"{place}, step {step.step}", step, story)


def _step(place: str, step: StepStory, story: Story) -> Iterator[Happening]:
    yield Happening(place, "statement", step.text or None)
    yield Happening(place, "action", step.op)
    yield Happening(place, "reads", ", ".join(step.reads))
    for call in story.calls(step.seq) if step.calls else ():
        yield from _call(f"{place}, call {call.index}", call)
    yield Happening(place, "writes", ", ".join(f"{each.name}: {each.kind} {each.size}" for each in step.writes))
    yield Happening(place, "status", f"{step.status} {step.code}".rstrip())
    yield Happening(place, "observation", "" if step.observation is None else _text(step.observation))
    yield Happening(place, "coverage", _json(step.coverage))
    yield Happening(place, "remarks", ", ".join(f"{each.code} {each.n}" for each in step.remarks))


def _call(place: str, call: CallStory) -> Iterator[Happening]:
    yield Happening(place, "asked of", f"{call.kind} {call.role} {call.model}".rstrip())
    parts = [_part(part) for part in call.prompt]
    yield Happening(place, "prompt", None if None in parts else "".join(part or "" for part in parts))
    yield Happening(place, "answer", call.error if call.answer is None else _text(call.answer))


def _part(part: PromptPart) -> Fact:
    if not part.text.absence:
        return part.text.text
    if part.is_words:
        return None
    # Content that is not here is compared by its place, or by its size.
    named = f"{part.input}:{part.path} {part.start}-{part.stop}" if part.input else f"{part.size} bytes"
    return f"<{part.source} {named}>"


def _ending(ending: Ending) -> Iterator[Happening]:
    yield Happening("the end", "outcome", f"{ending.outcome} {ending.reason}".rstrip())
    answer = ending.answer
    if answer is None:
        yield Happening("the end", "answer", "")
        return
    yield Happening("the end", "answer", None if answer.absence else _json(answer.value))
    places = [f"{each.how} {each.input}:{each.path} {each.start}-{each.stop}" for each in answer.evidence]
    yield Happening("the end", "evidence", None if answer.absence else "; ".join([answer.basis, *places]))


def _input(each: InputStory) -> str:
    digests = ", ".join(file.digest for file in each.files)
    return f"{each.kind}, {each.size} bytes, {digests or each.sha256}"


def _text(passage: Passage) -> Fact:
    return None if passage.absence else passage.text


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
