"""`FileBlobs`: content in files that stay where they are, beside what was made of files and what the kernel made.

A file that is not valid UTF-8 is transcoded once; the digest that counts is that of its text.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import msgspec

from rlmlite_kernel.blobs import BlobMissingError, Content
from rlmlite_kernel.engines import Index, Indexes, IndexStore, LineIndex, repaired
from rlmlite_kernel.inputs import SourceFile
from rlmlite_traces.mapped import DigestCache, HashedFile, RecentContents, hashed, opened, unchanged
from rlmlite_traces.scratch import Piece, Scratch

LINE_INDEXES = 64
"""How many line indexes are kept, the last used first. Each holds its content open."""


class Derived(msgspec.Struct, frozen=True):
    """A content that was made of another one: its SHA-256 and its size in bytes."""

    digest: str
    size: int


class FileBlobs:
    """`rlmlite_kernel.blobs.Blobs` over registered files, a temporary file for what was made of them, and memory.

    With a `cache`, a file that was hashed before is not read again; `indexes` keeps word indexes between runs. Whoever
    checks a trace gives neither.
    """

    def __init__(self, cache: DigestCache | None = None, indexes: IndexStore | None = None) -> None:
        self._cache = cache
        self._memory: dict[str, bytes] = {}
        self._files: dict[str, list[HashedFile]] = {}
        self._scratch = Scratch()
        self._pieces: dict[str, Piece] = {}
        self._recent = RecentContents()
        self._lines: OrderedDict[str, LineIndex] = OrderedDict()
        self._indexes = Indexes(indexes)

    def add_file(self, path: Path, name: str | None = None) -> SourceFile:
        """Register a file by its content, which is hashed but not copied. `name` is its path in the trace.

        Raises `OSError` if it cannot be read, `InputChangedError` if it changes meanwhile.
        """
        return self.add_hashed(self.look(path), name)

    def look(self, path: Path, text: bool = True) -> HashedFile:
        """Hash a file without registering it; `text` says whether it may be text. Raises as `add_file`."""
        return hashed(path, self._cache, text)

    def add_hashed(self, file: HashedFile, name: str | None = None) -> SourceFile:
        """Register a file that was hashed as what may be text. Raises as `add_file`."""
        shown = str(file.path) if name is None else name
        if file.utf8 is None:
            raise ValueError(f"{file.path} was hashed as what is no text")
        if not file.utf8.valid:
            made = self.derive(block for block, _ in repaired(opened(file)))
            unchanged(file)
            return SourceFile(shown, made.digest, made.size, file.utf8.bad, file.digest)
        self._files.setdefault(file.digest, []).append(file)
        return SourceFile(shown, file.digest, file.mark.size)

    def derive(self, blocks: Iterable[Content]) -> Derived:
        """Keep a content that was made of another one, outside memory. Raises as `Scratch.add`."""
        digest, piece = self._scratch.add(blocks)
        if digest in self._pieces:
            self._scratch.drop_last(piece)
        else:
            self._pieces[digest] = piece
        return Derived(digest, piece.size)

    def has(self, digest: str) -> bool:
        """Whether some content is known by this digest."""
        return digest in self._memory or digest in self._pieces or digest in self._files

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        content = self._memory.get(digest)
        if content is not None:
            return content
        piece = self._pieces.get(digest)
        if piece is not None:
            return self._recent.content(digest, piece.size, partial(self._scratch.content, piece))
        if digest not in self._files:
            raise BlobMissingError(digest)
        file = self._files[digest][0]
        return self._recent.content(digest, file.mark.size, partial(opened, file))

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        digest = hashlib.sha256(content).hexdigest()
        self._memory.setdefault(digest, content)
        return digest

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        index = self._lines.get(digest)
        if index is None:
            index = self._lines[digest] = LineIndex(self.read(digest))
            if len(self._lines) > LINE_INDEXES:
                self._lines.popitem(last=False)
        else:
            self._lines.move_to_end(digest)
        return index

    def index(self, key: str, make: Callable[[], Index], stored: bool = True) -> Index:
        """See `Blobs.index`."""
        return self._indexes.get(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`. Every file that holds one of these contents is asked."""
        for digest in digests:
            for file in self._files.get(digest, ()):
                unchanged(file)
