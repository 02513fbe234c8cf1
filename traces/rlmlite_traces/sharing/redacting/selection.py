"""Selection: which contents of a trace are to be removed.

    containing "Ada Lovelace"     each content with these words, as they are or as JSON spells them
    matching "[0-9]{13,16}"       each content in which RE2 finds the pattern
    inputs "patients"             the content of that input, what was shown of it, the answers of calls that it went to
    refs "7f02c1"                 the content whose ref begins so

A content is a whole: a reply in which one word is secret goes with all its words, since its ref proves all of it.
A source (where an input came from) and the content that it names go together: without the source nobody could say
what the content is for.
Words that are put together from two contents, such as a prompt's literal part and a span of an input, are in neither.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex
from rlmlite_kernel.records.records import Ref, Step
from rlmlite_kernel.values.inputs import Source, SourceFile
from rlmlite_traces.format.contents import Contents, Presence
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.referenced import of_source

LEAST_PREFIX: Final = 6
"""Hex digits of a ref, at least, so that a slip of the finger names nothing."""

_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError)
_sources = msgspec.json.Decoder(Source)


class Selection(msgspec.Struct, frozen=True):
    """What is to be removed: by texts, patterns (RE2), names of inputs, beginnings of refs.

    `memory_inputs` are the contents of inputs that were given from memory, which lie nowhere else; `everything` is all
    but the settings, so that digests, sizes and names are left.
    """

    containing: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    memory_inputs: bool = False
    everything: bool = False


class Finder:
    """Finds the texts and patterns of a selection in bytes."""

    def __init__(self, selection: Selection) -> None:
        """Raises `PatternRefusedError`."""
        self._patterns = [CompiledRegex(pattern, lines=False, captures=False) for pattern in selection.matching]
        self._texts = {spelling for text in selection.containing for spelling in _spellings(text)}
        self._is_idle = not (self._patterns or self._texts)

    def is_in(self, content: bytes) -> bool:
        """Whether a content has one of the texts, as it is or in a string of its JSON."""
        if self._is_idle:
            return False
        return self._is_in_text(content) or any(self._is_in_text(text.encode()) for text in strings_of(content))

    def _is_in_text(self, text: bytes) -> bool:
        if any(spelling in text for spelling in self._texts):
            return True
        return any(pattern.match(UNANCHORED, text, 0, len(text))[0][0] >= 0 for pattern in self._patterns)


def select(trace: CheckedTrace, selection: Selection, finder: Finder) -> set[Ref]:
    """The contents of one trace that a selection means. What is gone already is not among them."""
    here = {ref for ref, presence in trace.blobs.items() if presence is Presence.PRESENT}
    chosen = {ref for ref in here if any(ref.startswith(prefix) for prefix in selection.refs)}
    chosen |= {ref for ref in here if finder.is_in(trace.content(ref))}
    chosen |= set(_of_inputs(trace, selection.inputs))
    if selection.memory_inputs:
        chosen |= {ref for source in _sources_of(trace) for ref in _content_of(trace.contents, source)}
    if selection.everything:
        chosen |= here - {trace.genesis.settings}
    return _close(trace, chosen) & here


def files_along(trace: CheckedTrace, selection: Selection, finder: Finder) -> set[str]:
    """The files of inputs that came along with a trace, by their SHA-256, that a selection means."""
    of_inputs = {
        digest
        for entry in trace.input_entries
        if entry.name in selection.inputs and entry.source is not None
        for file in _files_of(trace.contents, entry.source)
        for digest in (file.digest, file.original)
    }
    holding = {digest for digest, path in trace.inputs.items() if finder.is_in(path.read_bytes())}
    return (of_inputs & trace.inputs.keys()) | holding


def _sources_of(trace: CheckedTrace) -> Iterator[Ref]:
    yield from (entry.source for entry in trace.input_entries if entry.source is not None)


def _close(trace: CheckedTrace, chosen: set[Ref]) -> set[Ref]:
    """The contents, and those that only sources among them can say the use of."""
    named = {ref for source in _sources_of(trace) if source in chosen for ref in _content_of(trace.contents, source)}
    return chosen | named


def _of_inputs(trace: CheckedTrace, names: Sequence[str]) -> Iterator[Ref]:
    """What a trace holds of some inputs: contents, what was shown of them, answers of calls that they went to."""
    if not names:
        return
    for entry in trace.input_entries:
        if entry.name in names and entry.source is not None:
            yield from _content_of(trace.contents, entry.source)
    for seq, record in enumerate(trace.records):
        if not isinstance(record, Step):
            continue
        if record.observation.ref is not None and set(names) & set(record.observation.origins):
            yield record.observation.ref
        for call in trace.effects(seq):
            went = any(not isinstance(part, str) and part.source in names for part in call.recipe)
            if went and call.result is not None:
                yield call.result


def _content_of(contents: Contents, source: Ref) -> Iterator[Ref]:
    if contents.presence(source) is Presence.PRESENT:
        yield from of_source(contents.read_json(source))


def _files_of(contents: Contents, source: Ref) -> Sequence[SourceFile]:
    if contents.presence(source) is not Presence.PRESENT:
        return ()
    try:
        said = _sources.decode(contents.read_json(source))
    except _UNDECODABLE:
        return ()
    return (*said.files, *(() if said.archive is None else (said.archive,)))


def _spellings(text: str) -> Iterator[bytes]:
    """A text as it stands in a text, in JSON, and in JSON within JSON, such as a program in a reply's arguments."""
    encoders: tuple[Callable[[str], str], ...] = (_escape, _escape_all)
    yield text.encode("utf-8", "surrogateescape")
    for escape in encoders:
        once = escape(text)
        yield once.encode()
        yield escape(once).encode()


def _escape(text: str) -> str:
    return msgspec.json.encode(text)[1:-1].decode()


def _escape_all(text: str) -> str:
    """The same, with everything outside ASCII as an escape, as Python's `json` writes it."""
    return re.sub(r"[^\x00-\x7f]", _as_escape, _escape(text))


def _as_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def strings_of(content: bytes) -> Iterator[str]:
    """Each string of a JSON content, keys too; nothing of what is not JSON."""
    if content[:1] not in (b"{", b"[", b'"'):
        return
    try:
        waiting: list[Any] = [msgspec.json.decode(content)]
    except _UNDECODABLE:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
