"""Egress: which bytes of which input went where, from the trace alone.

Every call that left the kernel is counted, whatever it was made to, and every byte of it is in one row:

    controller openai:gpt-5      app.log        shown         1,296 bytes, by count
    model openai:gpt-5-mini      app.log        ranges        12,000 bytes: 0-6000, 9000-15000
    model openai:gpt-5-mini      -              made          412 bytes that programs made, of app.log
    tool mail                    -              arguments     88 bytes, of app.log

How much is known of a row is its `how`. A range of a prompt is known exactly, by commitments (`known_contents`). What a
controller was shown is known by count: a record says how many bytes of an input had been shown by then, and no record
says which. What a program made (rows that it numbered, a text that it joined) is known by its size and by the inputs
that stand behind what its step read (`lineage`). Nothing is left out because it cannot be attributed: then it is said.

What a nested run sent is listed under its id, from its own trace, or from what it reported to its parent.
A prompt whose call failed may have been sent all the same, and counts. One that took the answer of another was not.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.egress.runs import Book, read_run
from rlmlite_traces.reading.egress.sent import Egress, Fetched, MarksBefore
from rlmlite_traces.reading.nested.walk import nested_traces
from rlmlite_traces.reading.story import Story


def egress_of(
    story: Story, path: Path | None = None, marks: MarksBefore | None = None, limits: ReaderLimits = READER_LIMITS
) -> Egress:
    """What a run has sent, and its nested runs, whose traces are below `path`.

    `marks` are what a replay found. Raises `OverLimitError`.
    """
    nested = {} if path is None else {each.id: each for each in nested_traces(story.trace, path, limits)}
    book = Book(story, nested)
    names = {entry.name: frozenset({entry.name}) for entry in story.inputs}
    read_run(book, story, "", names, lambda turn: (marks or {}).get(turn, {}))
    return Egress(tuple(book.rows.sent()), tuple(_fetched(story)), book.shared, tuple(dict.fromkeys(book.gaps)))


def _fetched(story: Story) -> Iterator[Fetched]:
    for each in story.inputs:
        if each.is_remote:
            yield Fetched(each.name, _host(each.path), each.size)


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return address
