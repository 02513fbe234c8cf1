"""Blobs: content by its digest, the one thing that the kernel reads from outside.

Reading is pure all the same, since a digest names one content and no other: reading twice gives the same bytes, or the
host raises. Stores in files live in `rlmlite_traces`; `MemoryBlobs` here keeps everything in a dict.

    digest = blobs.put(b"a\\nb")       SHA-256 in hex
    blobs.read(digest)                b"a\\nb", not copied
    blobs.lines(digest).count         2

Two files of equal content are one content, and two places that an answer may rest on. So inside a run a content has a
*name*: its digest where it lies first among the inputs, and the digest with a number for each further place. Names are
told apart, compared and grouped like digests; only who reads drops the number.

    a.txt    ba78..15ad          search(docs, "ERROR")[1].text     Text("ba78..15ad+2", 0, 5)
    b.txt    ba78..15ad+2        read(that name)                   the content that both files share
"""

import hashlib
from collections.abc import Callable, Collection, Container, Iterable
from typing import Protocol, TypeAlias, runtime_checkable

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.index_cache import IndexCache
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.records.evolution import WHOLE_LINES

Content: TypeAlias = bytes | memoryview
"""Immutable UTF-8 bytes; a `memoryview` may be a mapped file."""


_DIGEST = 64
"""Characters of a digest. What follows them in a name is its place."""

_MADE = "+made"
"""The place of a content that a program made and that equals an input's: it is no part of that input."""


def name_at(digest: str, number: int) -> str:
    """The name of a content at one of its places, which count from 1. The first has the digest itself."""
    return digest if number == 1 else f"{digest}+{number}"


def name_beside(digest: str, other: str) -> str:
    """The name of a content that is made of another one, at the same place: the lines of a table, say."""
    return digest + other[_DIGEST:]


def digest_of_name(name: str) -> str:
    """The digest of the content that has a name."""
    return name[:_DIGEST]


class BlobMissingError(LookupError):
    """No content is stored under a digest. A host fault: the run stops, nothing changes."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"no content is stored under {digest}")
        self.digest = digest


class InputChangedError(Exception):
    """A file that is an input changed while a step read it. The step is discarded and the run ends partial."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(f"{path} changed during the run: expected {expected}, found {found}")
        self.path, self.expected, self.found = path, expected, found


class Blobs(Protocol):
    """Content-addressed storage of immutable UTF-8 text. Digests are SHA-256 in hex."""

    def read(self, digest: str) -> Content:
        """The whole content, not copied. Raises `BlobMissingError`, or `InputChangedError` for a changed file."""
        ...

    def put(self, content: bytes) -> str:
        """Store content that the kernel made; returns its digest."""
        ...

    def lines(self, digest: str) -> LineIndex:
        """The line index of a content; it is built once and cached."""
        ...

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """The word index with a key, made if there is none; `stored` ones may outlive the process. See `IndexCache`."""
        ...

    def confirm(self, digests: frozenset[str]) -> None:
        """Raise `InputChangedError` unless the files behind these contents are still what was hashed."""
        ...


@runtime_checkable
class TakesBlocks(Protocol):
    """Blobs that keep a long content outside memory, such as in a file."""

    def put_blocks(self, blocks: Iterable[bytes]) -> str:
        """As `Blobs.put`, of a content that comes in blocks."""
        ...


def put_blocks(blobs: Blobs, blocks: Iterable[bytes]) -> str:
    """Store a content that the kernel made block by block; returns its digest."""
    if isinstance(blobs, TakesBlocks):
        return blobs.put_blocks(blocks)
    return blobs.put(b"".join(blocks))


class PassedBlobs:
    """`Blobs` that pass everything on to others. Made for classes that watch some of it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        return self._blobs.read(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        return self._blobs.put(content)

    def put_blocks(self, blocks: Iterable[bytes]) -> str:
        """See `TakesBlocks.put_blocks`."""
        return put_blocks(self._blobs, blocks)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._blobs.lines(digest)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._blobs.index(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self._blobs.confirm(digests)


class PlacedBlobs(PassedBlobs):
    """The blobs of a run, read by name. `of_inputs` are the names of its inputs' contents."""

    def __init__(self, blobs: Blobs, of_inputs: Container[str]) -> None:
        super().__init__(blobs)
        self._of_inputs = of_inputs

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        return self._blobs.read(digest_of_name(digest))

    def put(self, content: bytes) -> str:
        """See `Blobs.put`. A content that equals an input's gets a name of its own."""
        digest = self._blobs.put(content)
        return digest + _MADE if digest in self._of_inputs else digest

    def put_blocks(self, blocks: Iterable[bytes]) -> str:
        """See `TakesBlocks.put_blocks`."""
        digest = put_blocks(self._blobs, blocks)
        return digest + _MADE if digest in self._of_inputs else digest

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._blobs.lines(digest_of_name(digest))

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self._blobs.confirm(frozenset(map(digest_of_name, digests)))


class NewlineBlobs(PassedBlobs):
    """The blobs for a run without `WHOLE_LINES`: lines end at newlines only, and a CR is part of its line."""

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._blobs.lines(digest).of_newlines


def blobs_for(flags: Collection[int], blobs: Blobs) -> Blobs:
    """The blobs as a run with these flags reads them."""
    return blobs if WHOLE_LINES in flags else NewlineBlobs(blobs)


class MemoryBlobs:
    """`Blobs` in memory, for embedding, tests and replay of small runs."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._lines: dict[str, LineIndex] = {}
        self._indexes = IndexCache()

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        try:
            return self._contents[digest]
        except KeyError:
            raise BlobMissingError(digest) from None

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        digest = hashlib.sha256(content).hexdigest()
        # The first copy stays: indexes and views may point into it.
        self._contents.setdefault(digest, content)
        return digest

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        if digest not in self._lines:
            self._lines[digest] = LineIndex(self.read(digest))
        return self._lines[digest]

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._indexes.get(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """Memory does not change."""
