"""`rlmlite trace show`: what was asked, by whom it was answered and how: programs, values, observations, the answer.

It reads the whole trace first, and prints nothing of one that is not consistent in itself.
"""

from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.commands.traces.reading.story_lines import Details, story_lines
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite_traces import ReaderLimits
from rlmlite_traces import show as lines_of
from rlmlite_traces.reading.document import story_document
from rlmlite_traces.reading.story import Story, open_story


def show(trace: Path, allow: list[str], details: Details, *, records: bool, as_json: bool) -> Exit:
    """Print the story of a trace; with `records`, its records instead."""
    return exit_code_of(lambda: _show(trace, reader_limits(allow), details, records, as_json), as_json=as_json)


def _show(trace: Path, limits: ReaderLimits, details: Details, records: bool, as_json: bool) -> Exit:
    story = open_story(trace, limits)
    if as_json:
        value = _records(story) if records else story_document(story)
        print_json(value=value, trace=str(trace), root=story.trace.root, level=story.trace.level.name)
        return Exit.COMPLETED
    for line in lines_of(story.trace) if records else story_lines(story, str(trace), details):
        say(line)
    return Exit.COMPLETED


def _records(story: Story) -> list[object]:
    return [msgspec.json.decode(story.trace.line(seq)) for seq in range(story.trace.size)]
