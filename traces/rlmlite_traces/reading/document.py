"""A story as one JSON document: what `trace show --json` prints, and the viewer is made of."""

from collections.abc import Iterator
from typing import Any

import msgspec

from rlmlite_traces.reading.parts.chapters import StepStory, TurnStory
from rlmlite_traces.reading.story import Story


def story_document(story: Story, *, with_calls: bool = True) -> dict[str, Any]:
    """The whole story, or the same without the calls of its steps. Raises `OverLimitError`."""
    trace = story.trace
    return {
        "root": trace.root,
        "level": trace.level.name,
        "records": trace.size,
        "lost": story.lost,
        "extra": list(trace.extra),
        "beginning": msgspec.to_builtins(story.beginning),
        "chapters": list(_chapters(story, with_calls)),
        "ending": msgspec.to_builtins(story.ending),
    }


def _chapters(story: Story, with_calls: bool) -> Iterator[dict[str, Any]]:
    for chapter in story.chapters():
        document: dict[str, Any] = msgspec.to_builtins(chapter)
        kind = type(chapter).__name__.removesuffix("Story").lower()
        if isinstance(chapter, TurnStory):
            document["steps"] = [_step(each, story, with_calls) for each in chapter.steps]
        yield {"chapter": kind, **document}


def _step(step: StepStory, story: Story, with_calls: bool) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(step)
    if with_calls and step.calls:
        document["made"] = [msgspec.to_builtins(call) for call in story.calls(step.seq)]
    return document
