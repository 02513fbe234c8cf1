"""`Texts`: from the bytes of a file to its text, step by step: unpacked, converted, decoded. Each step is recorded.

The same steps are taken again for a replay, where what was decided then (an encoding) is not decided anew.
Not here: what archives hold (`archives`), where bytes come from (`taking`, `remote`).
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from rlmlite.inputs.formats.converters import CONVERTERS, converted
from rlmlite.inputs.formats.encodings import Decided, decided, decoded
from rlmlite.inputs.formats.kinds import Kind, is_html, kind_of
from rlmlite.inputs.formats.reading import Allowance, Meter, Reading
from rlmlite.inputs.formats.streams import HEAD, Stream, of_content
from rlmlite.inputs.formats.unfit import UnfitError
from rlmlite.inputs.formats.unpack import unpacked
from rlmlite_kernel.engines.bytes.utf8 import Utf8, check, repair_blocks
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import opened as content_of

LAYERS = 4
"""How often a file may be packed in itself: `a.gz.gz` is odd, five times is an attack."""

BINARY = "convert it first, or name its encoding: --read encoding=NAME"


class Made(msgspec.Struct, frozen=True):
    """A text by its digest and size, the steps that made it, and how many bad parts became U+FFFD."""

    digest: str
    size: int
    steps: tuple[Derivation, ...]
    replaced: int = 0


class Opened(msgspec.Struct, frozen=True):
    """What a file is below its compression: its bytes, its name without suffixes, its kind, the steps so far.

    `whole` is the same bytes as a content, where they lie somewhere as they are.
    """

    stream: Stream
    name: str
    kind: Kind | None
    steps: tuple[Derivation, ...]
    whole: Content | None = None

    @property
    def is_archive(self) -> bool:
        """Whether it holds files rather than a text."""
        return self.kind is not None and self.kind.way == "members"


class Texts:
    """Makes texts for one input, within its allowance, and keeps them in a store.

    `then` are the steps that were recorded, if the text is made again.
    """

    def __init__(
        self, blobs: FileBlobs, reading: Reading, allowance: Allowance, then: Sequence[Derivation] | None = None
    ) -> None:
        self._blobs, self._reading, self._allowance, self._then = blobs, reading, allowance, then

    def again(self, steps: Sequence[Derivation]) -> "Texts":
        """The same, for a text that these steps made."""
        return Texts(self._blobs, self._reading, self._allowance, steps)

    def opened(self, blocks: Iterator[Content], name: str, packed: Callable[[], int]) -> Opened:
        """What blocks hold below compression; `packed` says how many bytes they are, all or so far.

        Raises `UnfitError` when it is packed too often, `TooLargeError`.
        """
        stream, steps = Stream(blocks), list[Derivation]()
        while (kind := kind_of(stream.head, name)) is not None and kind.way == "unpack":
            if len(steps) == LAYERS:
                raise UnfitError("packed too often", f"more than {LAYERS} times in itself")
            stream = Stream(Meter(self._allowance, kind.way, packed).blocks(unpacked(kind.name, stream)))
            steps.append(Derivation(kind.name))
            name = _inner(name)
        return Opened(stream, name, kind, tuple(steps))

    def look(self, path: str, name: str) -> HashedFile:
        """Hash a file, if it may become text. Raises `UnfitError`, and what `FileBlobs.look` raises."""
        with open(path, "rb", buffering=0) as opened_file:
            head = opened_file.read(HEAD)
        kind, zeros = kind_of(head, name), b"\0" in head
        if kind is None and zeros and self._encoding(head, None) is None:
            raise binary(head)  # before it is read as a whole
        return self._blobs.look(Path(path), kind is None and not zeros)

    def of_file(self, file: HashedFile, name: str) -> Made | Opened:
        """The text of a file on disk, or what it is below its compression if that is an archive. Raises as `text`."""
        content = content_of(file)
        kind = kind_of(bytes(content[:HEAD]), name)
        if kind is None:
            made: Made | Opened = self.of_content(content, file.digest, file.utf8 or _look(content), name)
        elif kind.way == "convert":
            made = self.converted(kind.name, content, ())
        else:
            found = self.opened(of_content(content), name, lambda: len(content))
            found = found if found.steps else msgspec.structs.replace(found, whole=content)
            made = found if found.is_archive else self.text(found)
        return made

    def text(self, opened: Opened) -> Made:
        """The text of an opened file. Raises `UnfitError` if it has none, `TooLargeError`."""
        if opened.is_archive:
            assert opened.kind is not None
            raise UnfitError("an archive", opened.kind.name, "name it as an input of its own")
        raw = self._blobs.derive(opened.stream.blocks())
        content = self._blobs.read(raw.digest)
        if opened.kind is not None:
            return self.converted(opened.kind.name, content, opened.steps)
        return self.of_content(content, raw.digest, _look(content), opened.name, opened.steps)

    def of_content(
        self, content: Content, digest: str, utf8: Utf8 | None, name: str, steps: tuple[Derivation, ...] = ()
    ) -> Made:
        """The text of a content that the store has under its digest; `utf8` as in `decided`. Raises as `text`."""
        encoding = self._encoding(content, utf8)
        head = bytes(content[:HEAD])
        if encoding is not None:
            made = self._decoded(content, encoding, steps)
        elif utf8 is None:
            raise binary(head)
        elif not utf8.valid:
            made = self._repaired(iter([content]), steps)
        else:
            made = Made(digest, len(content), steps)
        if self._html(head, name):
            text = content if made.digest == digest else self._blobs.read(made.digest)
            return self.converted("html", text, made.steps, made.replaced)
        return made

    def converted(self, kind: str, content: Content, steps: tuple[Derivation, ...], replaced: int = 0) -> Made:
        """The text that a converter makes of a document. Raises as `text`."""
        step = CONVERTERS[kind].step
        made = self._repaired(
            self._allowance.blocks(converted(kind, content, self._allowance), "convert"), (*steps, step)
        )
        return msgspec.structs.replace(made, replaced=made.replaced + replaced)

    def _encoding(self, content: Content, utf8: Utf8 | None) -> Decided | None:
        if self._then is None:
            return decided(content, utf8, self._reading.encoding)
        return next((Decided(step.how, step.why) for step in self._then if step.by == "decode"), None)

    def _html(self, head: bytes, name: str) -> bool:
        if self._then is None:
            return self._reading.html == "text" and is_html(head, name)
        return any(step.by == CONVERTERS["html"].library for step in self._then)

    def _decoded(self, content: Content, encoding: Decided, steps: tuple[Derivation, ...]) -> Made:
        """Decoded strictly; else with U+FFFD for what is not in the encoding."""
        steps = (*steps, encoding.step)
        try:
            return self._repaired(self._allowance.blocks(decoded(content, encoding.name), "decode"), steps)
        except UnicodeError:
            blocks = self._allowance.blocks(decoded(content, encoding.name, "replace"), "replace")
            return self._repaired(blocks, steps, counted=False)

    def _repaired(self, blocks: Iterator[Content], steps: tuple[Derivation, ...], counted: bool = True) -> Made:
        """Keep blocks, each whole UTF-8 of its own or all broken, with U+FFFD for what is not UTF-8.

        What was put in before is counted too unless `counted`: then every U+FFFD was put in here.
        """
        replaced = 0

        def mended() -> Iterator[Content]:
            nonlocal replaced
            for block in blocks:
                for good, bad in repair_blocks(block):
                    replaced += bad if counted else good.count(b"\xef\xbf\xbd")
                    yield good

        made = self._blobs.derive(mended())
        return Made(made.digest, made.size, steps, replaced)


def binary(head: bytes) -> UnfitError:
    """What is wrong with a content whose head has a zero."""
    return UnfitError("binary", f"a NUL byte at {head.find(0)}", f"and inputs are text; {BINARY}")


def _look(content: Content) -> Utf8 | None:
    """Whether a content is UTF-8; `None` if it has zeros in its head."""
    return None if b"\0" in bytes(content[:HEAD]) else check(content)


def _inner(name: str) -> str:
    """A file's name without the suffix of its compression."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.tar" if suffix.lower() in ("tgz", "tbz2", "txz", "tzst") else stem or name
