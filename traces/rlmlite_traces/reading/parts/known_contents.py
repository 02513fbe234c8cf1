"""Known contents: which input a part of a prompt is from, found by commitments alone.

A prompt's recipe names content by a salted hash, under a key of its own for each step (`records.refs`). Nobody can turn
that around. But whoever knows the SHA-256 of a content can make the same hash, and a trace tells the digests of its
inputs' files and holds some contents itself:

    span of a prompt    [9c1f…, 0, 140, "chunk"]
    app.log             has the digest 5a31…; under the step's key that is 9c1f…: the span is bytes 0 to 140 of app.log

So a reader needs no input to know which bytes of which input a model was sent. What a program made of an input (rows
that it numbered, a changed text) has a digest that no trace tells, and stays unknown here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from rlmlite_kernel.records.records import Ref, Step
from rlmlite_kernel.records.refs import commit_value_digest
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.reading.parts.chapters import InputStory

_MOST_HASHES: Final = 2_000_000
"""Commitments that are made for one trace. A stranger's trace may have a million contents and as many steps."""


class KnownContent(msgspec.Struct, frozen=True):
    """A content: the input and the path of its document, and the blob that holds it, if the trace does."""

    input: str = ""
    path: str = ""
    blob: Ref = ""


class KnownContents:
    """The contents of one trace by their commitments. `is_exhausted`: there are too many, some were not looked for."""

    def __init__(self, trace: CheckedTrace, inputs: Iterable[InputStory]) -> None:
        self._trace = trace
        held = {place.digest: ref for ref, place in trace.contents.places.items() if place.digest}
        self._of_inputs = dict(_digests_of_inputs(inputs, held))
        self._of_blobs = {digest: KnownContent(blob=ref) for digest, ref in held.items()}
        # The commitments under one key: steps are read in order, and a fan-out is one step.
        self._key = b""
        self._under_key: dict[Ref, KnownContent] = {}
        self._has_blobs = False
        self._hashes = 0
        self.is_exhausted = False

    def has_key(self, step: Step) -> bool:
        """Whether the key of a step is here: it is redacted together with the step's statement."""
        return self._trace.contents.presence(step.ast) is Presence.PRESENT

    def find(self, step: Step, commitment: Ref) -> KnownContent | None:
        """The content that a step's call names; `None` if no trace tells it, or the key of the step is not here."""
        if not self.has_key(step):
            return None
        salt = self._trace.contents.places[step.ast].salt
        if salt != self._key:
            self._key, self._under_key, self._has_blobs = salt, {}, False
            self._learn(self._of_inputs)
        # Most spans are of inputs: the blobs, of which there may be many, are learned for what is not.
        if commitment not in self._under_key and not self._has_blobs:
            self._has_blobs = True
            self._learn(self._of_blobs)
        return self._under_key.get(commitment)

    def _learn(self, contents: Mapping[bytes, KnownContent]) -> None:
        for digest, content in contents.items():
            if self._hashes >= _MOST_HASHES:
                self.is_exhausted = True
                return
            self._hashes += 1
            self._under_key.setdefault(commit_value_digest(self._key, digest), content)


def _digests_of_inputs(inputs: Iterable[InputStory], held: Mapping[bytes, Ref]) -> Iterator[tuple[bytes, KnownContent]]:
    """Every content of the inputs by its SHA-256. Of equal contents the first counts, as in evidence."""
    seen: set[str] = set()
    for each in inputs:
        for file in each.files:
            if file.digest in seen:
                continue
            seen.add(file.digest)
            try:
                digest = bytes.fromhex(file.digest)
            except ValueError:
                continue  # a stranger's: no commitment can be to it
            yield digest, KnownContent(each.name, file.path, held.get(digest, ""))
