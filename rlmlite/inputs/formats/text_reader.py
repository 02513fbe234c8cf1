"""`TextReader`: from the bytes of a file to its text, one recorded step after another.

    unwrap       app.log.gz  ->  app.log     while it is compressed: decompress            steps: gzip
    kind         a PDF, a DOCX               convert                                       steps: pypdf
    encoding     not UTF-8                   decode, or replace what is broken             steps: decode
    HTML         if requested                convert                                       steps: markdownify
    redaction    if the run redacts          replace                                       steps: redact

The same object serves a replay: given the recorded steps, it takes those instead of choosing again, so that another
version of an encoding detector cannot change an old run.

A file that already is its own text passes through without steps and without a copy: it is read in place.
Not here: what archives hold (`archives`), where bytes come from (`load`, `remote`).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from rlmlite.errors.unreadable import UnreadableError
from rlmlite.inputs.formats.encodings.choice import (
    EncodingChoice,
    choose_encoding,
    decode_blocks,
    overridden_declaration,
    recorded_encoding,
)
from rlmlite.inputs.formats.kinds import FileKind, detect_kind, is_html
from rlmlite.inputs.formats.reading import Meter, Reading, ReadingLimits
from rlmlite.inputs.formats.recipes import REDACT, DerivedText, TextNote
from rlmlite.inputs.formats.streams.blocks import HEAD, BlockStream, content_blocks
from rlmlite_kernel.engines.bytes.utf8 import Utf8, check, repair_blocks
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import open_content

LAYERS = 4
"""How many layers of compression a file may have: `a.gz.gz` is odd, five layers are an attack."""

_REPLACEMENT = "\ufffd".encode()
_PACKED_TAR_SUFFIXES = ("tgz", "tbz2", "txz", "tzst")


_UNTOUCHED = DerivedText("", 0, ())
"""What has led to a file's own bytes: nothing."""


class Payload(msgspec.Struct, frozen=True):
    """What a file holds inside its layers of compression: a stream, its name without suffixes, its kind.

    `steps` are the layers that were removed. `file` holds the same bytes as the stream, where there is one (a file on
    disk that is not compressed); else None.
    """

    stream: BlockStream
    name: str
    kind: FileKind | None
    steps: tuple[Derivation, ...]
    file: HashedFile | None = None

    @property
    def is_archive(self) -> bool:
        """Whether it holds files rather than one text."""
        return self.kind is not None and self.kind.way == "members"


class TextReader:
    """Reads texts for one input, within its limits, and stores those that are not a file's own bytes.

    `recorded` are the steps that a trace recorded, for a text that is derived again; None to choose the steps.
    """

    def __init__(
        self, blobs: FileBlobs, reading: Reading, limits: ReadingLimits, recorded: Sequence[Derivation] | None = None
    ) -> None:
        self._blobs, self._reading, self._limits, self._recorded = blobs, reading, limits, recorded

    def with_recorded(self, steps: Sequence[Derivation]) -> "TextReader":
        """The same reader for a text that these steps produced."""
        return TextReader(self._blobs, self._reading, self._limits, steps)

    def hash_file(self, path: str, name: str) -> HashedFile:
        """Hash a file, if it may become text. Raises `UnreadableError`, and what `FileBlobs.look` raises."""
        with open(path, "rb", buffering=0) as file:
            head = file.read(HEAD)
            # As in `/proc`: the system makes it when it is read, each time anew, so there is nothing to read in place.
            if head and os.fstat(file.fileno()).st_size == 0:
                raise UnreadableError("without a size", "made when it is read", "give it as an input of its own")
        has_kind = detect_kind(head, name) is not None
        has_nul = b"\0" in head
        # Before a video of 10 GB is hashed for nothing. Text in UTF-16 has NUL bytes as well.
        if has_nul and not has_kind and self._choose_encoding(head, None) is None:
            raise _binary_error(head)
        # Only what may already be text is checked for UTF-8 while it is hashed.
        may_be_utf8 = not has_kind and not has_nul
        return self._blobs.look(Path(path), may_be_utf8)

    def read_file(self, file: HashedFile, name: str) -> DerivedText | Payload:
        """The text of a file on disk; for an archive the payload. Raises `UnreadableError`, `TooLargeError`."""
        # Mapped, not read: the pages of a large file come and go as they are needed.
        content = open_content(file)
        kind = detect_kind(bytes(content[:HEAD]), name)
        if kind is None:
            # A digest from the cache may come without the check.
            utf8 = file.utf8 or _check_utf8(content)
            text = self._read_content(content, file.digest, utf8, name)
            # A file that is its own text is in no store yet.
            return self._redacted(text, content if text.digest == file.digest else None)
        if kind.way == "refuse":
            raise UnreadableError(kind.name, "", kind.remedy)
        if kind.way == "convert":
            return self._redacted(self._convert(kind.name, content))
        payload = self.unwrap(content_blocks(content), name, lambda: len(content))
        # An archive that is not compressed can be read in place, which a zip needs: its directory is at its end.
        if not payload.steps:
            payload = msgspec.structs.replace(payload, file=file)
        if payload.is_archive:
            return payload
        return self.read_payload(payload)

    def unwrap(self, blocks: Iterator[Content], name: str, packed: Callable[[], int]) -> Payload:
        """Remove the layers of compression. `packed` returns how many bytes the blocks are, in all or so far.

        Raises `UnreadableError` for too many layers, `TooLargeError`.
        """
        stream = BlockStream(blocks)
        steps: list[Derivation] = []
        kind = detect_kind(stream.head, name)
        while kind is not None and kind.way == "unpack":
            if len(steps) == LAYERS:
                raise UnreadableError("packed too often", f"more than {LAYERS} layers of compression")
            from rlmlite.inputs.formats.streams.compression import (
                decompress,  # here, because most files are not compressed
            )

            # Each layer is measured against the outermost bytes, so nested bombs are caught by their combined ratio.
            meter = Meter(self._limits, kind.way, packed)
            unpacked = meter.blocks(decompress(kind.name, stream))
            steps.append(Derivation(kind.name))
            stream, name = BlockStream(unpacked), _inner_name(name)
            kind = detect_kind(stream.head, name)
        return Payload(stream, name, kind, tuple(steps))

    def read_payload(self, payload: Payload) -> DerivedText:
        """The text of a payload. Raises `UnreadableError` for an archive and for what is not text, `TooLargeError`."""
        if payload.is_archive:
            assert payload.kind is not None
            raise UnreadableError("an archive", payload.kind.name, "give it as an input of its own")
        if payload.kind is not None and payload.kind.way == "refuse":
            raise UnreadableError(payload.kind.name, "", payload.kind.remedy)
        # Stored before its encoding is known: detection looks at samples from all over the text.
        stored = self._blobs.derive(payload.stream.blocks())
        content = self._blobs.read(stored.digest)
        if payload.kind is not None:
            return self._redacted(self._convert(payload.kind.name, content, DerivedText("", 0, payload.steps)))
        utf8 = _check_utf8(content)
        return self._redacted(self._read_content(content, stored.digest, utf8, payload.name, payload.steps))

    def _redacted(self, text: DerivedText, content: Content | None = None) -> DerivedText:
        """The text without what the run redacts, or without what was redacted when it was recorded.

        `content` is that of a text that the store does not have.
        """
        redaction = self._reading.redaction
        recorded = next((step for step in self._recorded or () if step.by == REDACT), None)
        if recorded is None and (redaction is None or self._recorded is not None):
            return text
        from rlmlite.inputs.formats.redacting import redact_text  # here, because few runs redact

        content = self._blobs.read(text.digest) if content is None else content
        return redact_text(text, content, redaction, recorded, self._blobs, self._limits)

    def _read_content(
        self, content: Content, digest: str, utf8: Utf8 | None, name: str, steps: tuple[Derivation, ...] = ()
    ) -> DerivedText:
        """The text of a content that the store has under its digest, before redaction. Raises as `read_payload`.

        `utf8` is as in `choose_encoding`; `steps` are those that led to the content.
        """
        encoding = self._choose_encoding(content, utf8)
        head = bytes(content[:HEAD])
        if encoding is not None:
            text = self._decode(content, encoding, steps)
        elif utf8 is None:
            raise _binary_error(head)
        elif not utf8.valid:
            # Not a step of the recipe: replacing what is not UTF-8 needs no choice, so a replay does the same anyway.
            text = self._store_repaired(iter([content]), steps)
        else:
            text = DerivedText(digest, len(content), steps)
        text = msgspec.structs.replace(text, notes=self._encoding_notes(content, utf8, encoding))
        if self._converts_html(head, name):
            html = content if text.digest == digest else self._blobs.read(text.digest)
            return self._convert("html", html, text)
        return text

    def _encoding_notes(
        self, content: Content, utf8: Utf8 | None, encoding: EncodingChoice | None
    ) -> tuple[TextNote, ...]:
        """That the text is not read as it declares. A replay has said so already."""
        asked_for = self._reading.encoding is not None
        declared = "" if self._recorded is not None or asked_for else overridden_declaration(content, utf8, encoding)
        if not declared:
            return ()
        read_as = "utf-8" if encoding is None else encoding.name
        return (
            TextNote(
                "the encoding that the text declares does not fit and is not used", f"{declared}; read as {read_as}"
            ),
        )

    def _choose_encoding(self, content: Content, utf8: Utf8 | None) -> EncodingChoice | None:
        if self._recorded is None:
            return choose_encoding(content, utf8, self._reading.encoding)
        for step in self._recorded:
            if step.by == "decode":
                return recorded_encoding(step)
        return None

    def _converts_html(self, head: bytes, name: str) -> bool:
        if self._recorded is None:
            return self._reading.html == "text" and is_html(head, name)
        from rlmlite.inputs.formats.converters import CONVERTERS

        return any(step.by == CONVERTERS["html"].library for step in self._recorded)

    def _convert(self, kind: str, content: Content, before: DerivedText = _UNTOUCHED) -> DerivedText:
        """The text that a converter produces. `before` is what led to the content: its steps, what was replaced."""
        from rlmlite.inputs.formats.converters import CONVERTERS, convert  # here, because few files are converted

        # Asked for first: without its library there is nothing to convert with.
        step = CONVERTERS[kind].step
        left_out: list[TextNote] = []
        blocks = convert(kind, content, self._limits, left_out)
        text = self._store_repaired(self._limits.blocks(blocks, "convert"), (*before.steps, step))
        notes = (*before.notes, *left_out)
        return msgspec.structs.replace(text, replaced=text.replaced + before.replaced, notes=notes)

    def _decode(self, content: Content, encoding: EncodingChoice, steps: tuple[Derivation, ...]) -> DerivedText:
        """Decoded strictly; if that fails, once more with U+FFFD for what is not in the encoding."""
        steps = (*steps, encoding.step)
        try:
            blocks = decode_blocks(content, encoding.name)
            return self._store_repaired(self._limits.blocks(blocks, "decode"), steps)
        except UnicodeError:
            # Counted under a name of its own: the failed attempt must not use up `max_bytes`.
            blocks = decode_blocks(content, encoding.name, "replace")
            return self._store_repaired(self._limits.blocks(blocks, "replace"), steps, all_replaced=True)

    def _store_repaired(
        self, blocks: Iterator[Content], steps: tuple[Derivation, ...], all_replaced: bool = False
    ) -> DerivedText:
        """Store blocks as text, with U+FFFD for what is not UTF-8, and count these.

        No character may straddle two blocks, or both halves would count as broken. With `all_replaced` every U+FFFD
        counts, because the decoder put it there; without it, one that the author wrote does not.
        """
        # Counted while the store pulls the blocks: the number is complete when `derive` returns.
        replaced = 0

        def repaired() -> Iterator[Content]:
            nonlocal replaced
            for block in blocks:
                for good, bad in repair_blocks(block):
                    replaced += good.count(_REPLACEMENT) if all_replaced else bad
                    yield good

        stored = self._blobs.derive(repaired())
        return DerivedText(stored.digest, stored.size, steps, replaced)


def _binary_error(head: bytes) -> UnreadableError:
    """The error for content with a NUL byte in its head."""
    remedy = "but inputs are text; convert it first, or give its encoding: --read encoding=NAME"
    return UnreadableError("binary", f"a NUL byte at {head.find(0)}", remedy)


def _check_utf8(content: Content) -> Utf8 | None:
    """Whether a content is UTF-8; None for one with a NUL byte in its head."""
    head = bytes(content[:HEAD])
    if b"\0" in head:
        return None
    return check(content)


def _inner_name(name: str) -> str:
    """A file's name without the suffix of its compression: `a.log.gz` is `a.log`, `a.tgz` is `a.tar`."""
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() in _PACKED_TAR_SUFFIXES:
        return f"{stem}.tar"
    # A name without a dot has no stem, and nothing to take off.
    return stem or name
