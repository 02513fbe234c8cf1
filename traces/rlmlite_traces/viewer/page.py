"""The page: a trace as one HTML file without a network.

    <meta CSP default-src 'none'; script-src 'sha256-…' 'sha256-…'; style-src 'sha256-…'>
    <script type="application/json" id="data">      the story, nested ones too, and the words around evidence
    <script type="application/json" id="files">     the trace's own files in Base64, for the verifier
    <script>                                        the verifier, then the viewer

Data stands in blocks that browsers do not execute, with every `<` escaped, so no text can end its block. The script
makes nodes and sets their text.
"""

import base64
import hashlib
import html
from collections.abc import Callable, Iterator
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import msgspec

from rlmlite_traces.files.guarded import folder_of
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.document import story_document
from rlmlite_traces.reading.nested.walk import nested_traces
from rlmlite_traces.reading.parts.chapters import EvidenceStory
from rlmlite_traces.reading.story import Story
from rlmlite_traces.sharing.packing.parts import read_whole
from rlmlite_traces.viewer.contexts import Context, context_in_trace
from rlmlite_traces.viewer.verifier import source

MOST_FILES = 32 * 1024 * 1024
"""Bytes of a trace's files that a page carries for its verifier. Above that the page says that it does not."""

FindContext = Callable[[Story, EvidenceStory], Context | None]
"""The words around a piece of evidence, from wherever they are to be had."""

_ESCAPES = {b"<": b"\\u003c", b">": b"\\u003e", b"&": b"\\u0026"}


def viewer_page(
    story: Story, place: Path, limits: ReaderLimits = READER_LIMITS, find_context: FindContext = context_in_trace
) -> Iterator[str]:
    """The parts of the page of a story that was read from `place`, in order.

    Raises as `verify` if what lies there is no longer sound, and `NestedDiffersError`.
    """
    document = _document(story, find_context)
    document["nested"] = {
        each.id: _document(Story(each.trace), find_context)
        for each in nested_traces(story.trace, place, limits)
        if each.trace is not None
    }
    scripts = [source(), _text("viewer.js")]
    style = _text("viewer.css")
    title = html.escape(f"{story.beginning.run[:12]}: rlmlite trace")
    yield "<!doctype html>\n"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts, style)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<style>{style}</style></head>\n<body><main id="page"><p>This page needs JavaScript to be read.</p></main>\n'
    yield _data("data", document)
    yield _data("files", _files(place, story, limits))
    for script in scripts:
        yield f"<script>{script}</script>\n"
    yield "</body></html>\n"


def write_page(
    story: Story, place: Path, file: Path, limits: ReaderLimits, find_context: FindContext = context_in_trace
) -> int:
    """Write the page to a new file, for this user alone, and return its bytes. Raises as `viewer_page`, `OSError`."""
    parts = [part.encode() for part in viewer_page(story, place, limits, find_context)]
    with folder_of(file) as folder:
        folder.write_new(file.name, b"".join(parts))
    return sum(map(len, parts))


def _document(story: Story, find_context: FindContext) -> dict[str, Any]:
    document = story_document(story)
    answer = None if story.ending is None else story.ending.answer
    contexts = [] if answer is None else [find_context(story, each) for each in answer.evidence]
    document["contexts"] = msgspec.to_builtins(contexts)
    return document


def _files(place: Path, story: Story, limits: ReaderLimits) -> dict[str, str] | None:
    """The files that were verified, by name, in Base64; `None` of what is more than a page carries, or is damaged."""
    if story.lost:
        return None
    whole = read_whole(place, limits=limits)
    if sum(file.size for file in whole.files.values()) > MOST_FILES:
        return None
    return {name: base64.b64encode(b"".join(file.read())).decode() for name, file in whole.files.items()}


def _policy(scripts: list[str], style: str) -> str:
    """Nothing may be loaded or sent; the script and the style of the page are known by their digests."""
    sources = " ".join(map(_digest, scripts))
    return f"default-src 'none'; script-src {sources}; style-src {_digest(style)}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(name: str, value: object) -> str:
    encoded = msgspec.json.encode(value)
    for char, escape in _ESCAPES.items():
        encoded = encoded.replace(char, escape)
    return f'<script type="application/json" id="{name}">{encoded.decode()}</script>\n'


def _text(name: str) -> str:
    return (package_files(__package__) / name).read_text("utf-8")
