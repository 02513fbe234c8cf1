"""Evidence with the words around it: from the trace where it holds the input, else from the file that was read.

    evidence  "ERROR"  of log, bytes 5:10      ->   before "… up\n", after " disk full\n…"

A file is believed only if it is, byte for byte, the one of which the trace holds the digest.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.reading.parts.chapters import EvidenceStory, InputStory
from rlmlite_traces.reading.story import Story

AROUND = 240
"""Bytes before and after."""

MOST_FILE = 256 * 1024 * 1024
"""Bytes of a file that is read whole to compare its digest."""


class Context(msgspec.Struct, frozen=True):
    """What stands before and after a piece of evidence. `is_cut`: there is more of the input on that side."""

    before: str
    after: str
    is_cut: tuple[bool, bool] = (False, False)


def context_in_trace(story: Story, evidence: EvidenceStory) -> Context | None:
    """The words around evidence in an input that the trace itself holds; `None` if it does not."""
    entry = _entry(story, evidence)
    if entry is None or entry.kind != "text" or not entry.content:
        return None
    content = story.passages.read_bytes(entry.content)
    return None if content is None else context_of(content, evidence)


class FileContexts:
    """Finds the words around evidence in files.

    `places` says where inputs are, by name. With `looks_there` the others are looked for where the trace says that they
    were, which a stranger may have written.
    """

    def __init__(self, places: Mapping[str, Path], *, looks_there: bool = False) -> None:
        self._places, self._looks_there = places, looks_there
        self._contents: dict[tuple[str, str], bytes | None] = {}

    def __call__(self, story: Story, evidence: EvidenceStory) -> Context | None:
        """The words around it, from the trace or a file; `None` if neither has them."""
        found = context_in_trace(story, evidence)
        entry = _entry(story, evidence)
        if found is not None or entry is None:
            return found
        key = entry.name, evidence.path
        if key not in self._contents:
            self._contents[key] = self._read(entry, evidence.path)
        content = self._contents[key]
        return None if content is None else context_of(content, evidence)

    def _read(self, entry: InputStory, path: str) -> bytes | None:
        """The text of a file that is its own text and has the recorded digest."""
        recorded = Path(entry.path) if self._looks_there and entry.path and not entry.is_remote else None
        place = self._places.get(entry.name, recorded)
        file = next((each for each in entry.files if each.path == path or len(entry.files) == 1), None)
        if place is None or file is None or file.original not in ("", file.digest) or file.size > MOST_FILE:
            return None
        try:
            # A folder's files are named from it; of a single file the place is the file's own.
            below = place / file.path if place.is_dir() else place
            with Folder.open(below.parent) as folder:
                content = folder.read(below.name, most=file.size)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == file.digest else None


def context_of(content: bytes, evidence: EvidenceStory) -> Context:
    """The bytes around the place of evidence, as text; half a character at a cut is left out."""
    start, stop = max(0, evidence.start - AROUND), min(len(content), evidence.stop + AROUND)
    before = content[start : evidence.start].decode(errors="ignore")
    after = content[evidence.stop : stop].decode(errors="ignore")
    return Context(before, after, (start > 0, stop < len(content)))


def _entry(story: Story, evidence: EvidenceStory) -> InputStory | None:
    return next((each for each in story.beginning.inputs if each.name == evidence.input), None)
