"""`FileBlobs`: content in files that stay where they are, beside what was made of files and what the kernel made.

A file that is not valid UTF-8 is transcoded once; the digest that counts is that of its text. With `copy` files are
copied to a store and read only from there, so that whoever changes or cuts the originals cannot disturb a run.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.bytes.utf8 import repair_blocks
from rlmlite_kernel.engines.ranking.index_cache import IndexCache, IndexStore
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.values.blobs import BlobMissingError, Content
from rlmlite_kernel.values.inputs import SourceFile
from rlmlite_traces.files.append_only import sync_path, write_new
from rlmlite_traces.files.indexes import RecentIndexes
from rlmlite_traces.files.mapped import (
    DigestCache,
    HashedFile,
    RecentContents,
    check_unchanged,
    hash_file,
    open_content,
)
from rlmlite_traces.files.scratch import Scratch, ScratchExtent
from rlmlite_traces.format.lines import STORE

if TYPE_CHECKING:
    from rlmlite_traces.blobs.directory.store import DirectoryStore


class DerivedContent(msgspec.Struct, frozen=True):
    """A content that was made of another one: its SHA-256 and its size in bytes."""

    digest: str
    size: int


class FileBlobs:
    """`rlmlite_kernel.blobs.Blobs` over registered files, a temporary file for what was made of them, and memory.

    With a `cache`, a file that was hashed before is not read again; `indexes` keeps word indexes between runs. Whoever
    checks a trace gives neither. A `store` is where contents are found that are not where they were; with `copy`, files
    and what is made of them are put there, and nothing is read from anywhere else: the cache is then not asked.
    """

    def __init__(
        self,
        cache: DigestCache | None = None,
        indexes: IndexStore | None = None,
        store: "DirectoryStore | None" = None,
        copy: bool = False,
    ) -> None:
        self._cache, self._store = cache, store
        self._copies = store if copy else None
        self._memory: dict[str, bytes] = {}
        self._files: dict[str, list[HashedFile]] = {}
        self._stored: set[str] = set()
        self._scratch = Scratch()
        self._pieces: dict[str, ScratchExtent] = {}
        self._recent, self._lines = RecentContents(), RecentIndexes()
        self._indexes = IndexCache(indexes)

    def add_file(self, path: Path, name: str | None = None) -> SourceFile:
        """Register a file by its content, which is hashed, and copied if that was asked for.

        `name` is its path in the trace. Raises `OSError` if it cannot be read, `InputChangedError` if it changes
        meanwhile, `StoreError` if it cannot be copied.
        """
        return self.add_hashed(self.look(path), str(path) if name is None else name)

    def look(self, path: Path, text: bool = True) -> HashedFile:
        """Hash a file without registering it; `text` says whether it may be text. Raises as `add_file`.

        What is to be read is the path of the result: with `copy` that of the copy.
        """
        return hash_file(path, self._cache, text) if self._copies is None else self._copies.add_file(path, text)

    def add_hashed(self, file: HashedFile, name: str | None = None) -> SourceFile:
        """Register a file that was looked at as what may be text. Raises as `add_file`."""
        shown = str(file.path) if name is None else name
        if file.utf8 is None:
            raise ValueError(f"{file.path} was hashed as what is no text")
        if not file.utf8.valid:
            made = self.derive(block for block, _ in repair_blocks(open_content(file)))
            check_unchanged(file)
            return SourceFile(shown, made.digest, made.size, file.utf8.bad, file.digest)
        if self._copies is None:
            self._files.setdefault(file.digest, []).append(file)
        else:
            self._stored.add(file.digest)
        return SourceFile(shown, file.digest, file.mark.size)

    def derive(self, blocks: Iterable[Content]) -> DerivedContent:
        """Keep a content that was made of another one, outside memory: with `copy` in the store.

        Raises as `Scratch.add`, `StoreError`.
        """
        if self._copies is not None:
            digest = self._copies.add_pieces(blocks)
            self._stored.add(digest)
            return DerivedContent(digest, self._copies.file(digest).mark.size)
        digest, piece = self._scratch.add(blocks)
        if digest in self._pieces:
            self._scratch.drop_last(piece)
        else:
            self._pieces[digest] = piece
        return DerivedContent(digest, piece.size)

    def find(self, digest: str) -> HashedFile | None:
        """The object of the store that a content is, if there is a store and it holds it. Then it is read from there.

        Raises `StoreCorruptError`.
        """
        if self._store is None or not self._store.holds(digest):
            return None
        self._stored.add(digest)
        return self._store.file(digest)

    def keep_for(self, trace: Path, digests: Set[str]) -> None:
        """Have the store keep those contents that were put there while there is this trace, and note there which store.

        Raises `StoreError`.
        """
        kept = self._stored & digests
        if self._store is not None and kept:
            write_new(trace / STORE, os.fsencode(self._store.path))
            sync_path(trace / STORE)
            self._store.keep_for(trace, kept)

    def has(self, digest: str) -> bool:
        """Whether some content is known by this digest."""
        return any(digest in known for known in (self._memory, self._pieces, self._files, self._stored))

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        content = self._memory.get(digest)
        if content is not None:
            return content
        piece = self._pieces.get(digest)
        if piece is not None:
            return self._recent.content(digest, piece.size, partial(self._scratch.content, piece))
        if digest in self._files:
            file = self._files[digest][0]
            return self._recent.content(digest, file.mark.size, partial(open_content, file))
        if self._store is not None and digest in self._stored:
            return self._store.read(digest)
        raise BlobMissingError(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        digest = hashlib.sha256(content).hexdigest()
        self._memory.setdefault(digest, content)
        return digest

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._lines.index(digest, self.read)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._indexes.get(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`. Every file that holds one of these contents is asked."""
        for digest in digests:
            for file in self._files.get(digest, ()):
                check_unchanged(file)
        if self._store is not None:
            self._store.confirm(self._stored & digests)


def store_of(trace: Path) -> "DirectoryStore | None":
    """The store that the inputs of an open trace are in, if any. Raises `StoreMissingError` if it is gone."""
    try:
        place = (trace / STORE).read_bytes()
    except FileNotFoundError:
        return None
    from rlmlite_traces.blobs.directory.store import DirectoryStore

    return DirectoryStore.open_existing(Path(os.fsdecode(place)))
