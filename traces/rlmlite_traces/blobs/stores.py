"""`FileBlobs`: contents in the user's files, in a store, in a scratch file, in a cache, in memory, by their digest.

Where a content lies depends on where it came from. Nothing is copied unless that is needed or asked for:

    a.log, UTF-8                 read where it is (mapped); with `copy`, its copy in the store
    b.txt, Latin-1               transcoded once; the text lies in the scratch file, or with `copy` in the store
    c.gz                         unpacked; the same
    what a step of a run made    memory

The digest by which a content is known is that of its text. A file that is not valid UTF-8 therefore has two: its own,
for the user who compares files, and that of its repaired text, which is what a run reads.

With `copy`, inputs are read only from the store, so that changes to the originals cannot disturb a run.
"""

import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Set
from copy import copy
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
from rlmlite_traces.errors import StoreMissingError
from rlmlite_traces.files.guarded import Folder
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
    from rlmlite_traces.files.held import HeldFile


_LONGEST_PATH = 4_096
"""Bytes of a path, at most: what Linux takes."""


class DerivedContent(msgspec.Struct, frozen=True):
    """A content that was derived from another one, such as unpacked text: its SHA-256 and its size in bytes."""

    digest: str
    size: int


class FileBlobs:
    """`rlmlite_kernel.values.blobs.Blobs` over registered files, a scratch file, a store, and memory.

    With a `cache`, a file that was hashed before is not hashed again. `indexes` keeps word indexes between runs. A
    check of a trace uses neither, since both are only as trustworthy as the folder that they lie in.

    In a `store`, contents are found whose file is gone. With `copy`, files and what is derived from them are put there,
    and inputs are read from nowhere else; the cache is then not used, since a copy reads the file in any case.
    """

    def __init__(
        self,
        cache: DigestCache | None = None,
        indexes: IndexStore | None = None,
        store: "DirectoryStore | None" = None,
        copy: bool = False,
    ) -> None:
        self._cache = cache
        self._store = store
        self._copies = store if copy else None
        # The five places of a content, by its digest. What is in the store is listed only once a run has used it.
        self._memory: dict[str, bytes] = {}
        self._files: dict[str, list[HashedFile]] = {}
        self._stored: set[str] = set()
        self._extents: dict[str, tuple[Scratch, ScratchExtent]] = {}
        self._held: dict[str, HeldFile] = {}
        self._scratch = Scratch()
        self._scratch_folder: Path | None = None
        self._trunk: FileBlobs | None = None
        # What was opened or computed last. Dropping any of it costs only time.
        self._recent = RecentContents()
        self._lines = RecentIndexes()
        self._indexes = IndexCache(indexes)

    def branch(self) -> "FileBlobs":
        """These contents for one of several runs at a time. What the run makes or adds is its own.

        Contents that are open, and what was computed of them alone (lines, words), is shared: threads may use it.
        """
        other = copy(self)
        other._trunk = self  # what lies in its folder is there as long as somebody may read it
        other._memory, other._stored = dict(self._memory), set(self._stored)
        other._files = {digest: list(files) for digest, files in self._files.items()}
        other._extents, other._held = dict(self._extents), dict(self._held)
        other._scratch, other._scratch_folder = Scratch(), None
        return other

    def add_file(self, path: Path, name: str | None = None) -> SourceFile:
        """Hash a file, copy it with `copy`, and register its content. `name` is its path in the trace.

        Raises `OSError` if the file cannot be read, `InputChangedError` if it changes meanwhile, `StoreError` if it
        cannot be copied.
        """
        return self.add_hashed(self.look(path), str(path) if name is None else name)

    def look(self, path: Path, text: bool = True) -> HashedFile:
        """Hash a file without registering it, and with `text` check whether it is UTF-8. Raises as `add_file`.

        Read the file at the path of the result: with `copy`, that is the copy.
        """
        if self._copies is not None:
            return self._copies.add_file(path, text)
        return hash_file(path, self._cache, text)

    def adopt(self, file: HashedFile) -> HashedFile:
        """The file to read in place of one that was hashed: with `copy`, a copy of it, else the file itself.

        Raises as `add_file`, so nothing but the content that was hashed can be copied.
        """
        if self._copies is None:
            return file
        return self._copies.add_file(file.path, file.utf8 is not None, file)

    def add_hashed(self, file: HashedFile, name: str | None = None) -> SourceFile:
        """Register a file from `look(path, text=True)`. Raises as `add_file`; `ValueError` without a UTF-8 check."""
        shown = str(file.path) if name is None else name
        if file.utf8 is None:
            raise ValueError(f"{file.path} was hashed without a check for UTF-8; use look(path, text=True)")
        if not file.utf8.valid:
            text = self.derive(block for block, _ in repair_blocks(open_content(file)))
            # The file is not read again, so this is the last chance to see that it changed while it was repaired.
            check_unchanged(file)
            return SourceFile(shown, text.digest, text.size, file.utf8.bad, file.digest)
        if self._copies is None:
            # A list: equal files are one content, and each of them must stay as it is.
            self._files.setdefault(file.digest, []).append(file)
        else:
            self._stored.add(file.digest)
        return SourceFile(shown, file.digest, file.mark.size)

    def derive(self, blocks: Iterable[Content]) -> DerivedContent:
        """Keep a derived content outside memory: in the scratch file, or with `copy` in the store.

        Raises `StoreError`, and as `Scratch.add`.
        """
        if self._copies is not None:
            digest = self._copies.add_pieces(blocks)
            self._stored.add(digest)
            return DerivedContent(digest, self._copies.file(digest).mark.size)
        return self._keep_in_scratch(blocks)

    def _keep_in_scratch(self, blocks: Iterable[Content]) -> DerivedContent:
        digest, extent = self._scratch.add(blocks)
        # The digest is known only once the content is written, so an equal one is dropped afterwards.
        if digest in self._extents:
            self._scratch.drop_last(extent)
        else:
            self._extents[digest] = self._scratch, extent
        return DerivedContent(digest, extent.size)

    @property
    def copies(self) -> bool:
        """Whether what is read is copied to the store first."""
        return self._copies is not None

    def add_held(self, digest: str, file: "HeldFile") -> DerivedContent:
        """Register a derived content that lies in an open file. The caller vouches for its digest."""
        self._held.setdefault(digest, file)
        return DerivedContent(digest, file.size)

    def scratch_folder(self) -> Path:
        """A private folder for files that must have a path, which is gone when this object is."""
        if self._scratch_folder is None:
            made = tempfile.mkdtemp(prefix="rlmlite-")
            weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
            self._scratch_folder = Path(made)
        return self._scratch_folder

    def find(self, digest: str) -> HashedFile | None:
        """The file of a content in the store, or `None` if there is no store or it lacks the content.

        From now on the content is read from there. Raises `StoreCorruptError`.
        """
        if self._store is None or not self._store.holds(digest):
            return None
        self._stored.add(digest)
        return self._store.file(digest)

    def keep_for(self, trace: Path, digests: Set[str]) -> None:
        """Keep those contents that are in the store for as long as the trace exists. Raises `StoreError`.

        The path of the store is noted in the trace's folder, so that it is found when a session goes on (`store_path`).
        """
        needed = self._stored & digests
        if self._store is not None and needed:
            with Folder.open(trace) as folder:
                folder.write_new(STORE, os.fsencode(self._store.path))
            self._store.keep_for(trace, needed)

    def has(self, digest: str) -> bool:
        """Whether a content is registered under this digest. The store is not searched; see `find`."""
        return any(digest in known for known in (self._memory, self._extents, self._held, self._files, self._stored))

    def size(self, digest: str) -> int | None:
        """The bytes of a content that is registered, without reading it; `None` if it is not."""
        if digest in self._memory:
            return len(self._memory[digest])
        if digest in self._extents:
            return self._extents[digest][1].size
        if digest in self._held:
            return self._held[digest].size
        if digest in self._files:
            return self._files[digest][0].mark.size
        if self._store is not None and digest in self._stored:
            return self._store.file(digest).mark.size
        return None

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        content = self._memory.get(digest)
        if content is not None:
            return content
        if digest in self._extents:
            scratch, extent = self._extents[digest]
            return self._recent.content(digest, extent.size, partial(scratch.content, extent))
        if digest in self._held:
            held = self._held[digest]
            return self._recent.content(digest, held.size, held.content)
        if digest in self._files:
            # Any of the equal files will do; `confirm` checks that all are as they were.
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

    def put_blocks(self, blocks: Iterable[Content]) -> str:
        """See `TakesBlocks.put_blocks`. In the scratch file: with `copy` too, since a replay makes it again."""
        return self._keep_in_scratch(blocks).digest

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._lines.index(digest, self.read)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._indexes.get(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`. Every file with one of these contents is checked."""
        for digest in digests:
            for file in self._files.get(digest, ()):
                check_unchanged(file)
        if self._store is not None:
            self._store.confirm(self._stored & digests)


def store_path(trace: Path) -> Path | None:
    """Where the store is that holds the inputs of an open trace, as its folder says; `None` if it has none.

    Whoever sent the folder wrote this. Raises `StoreMissingError` if it cannot be read.
    """
    try:
        with Folder.open(trace) as folder:
            place = folder.read(STORE, _LONGEST_PATH)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreMissingError(trace / STORE, error.strerror or "cannot be opened") from None
    return Path(os.fsdecode(place))
