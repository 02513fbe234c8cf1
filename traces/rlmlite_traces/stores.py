"""`FileBlobs`: content in files that stay where they are, beside content that the kernel made.

A file that is not valid UTF-8 is transcoded once into content in memory; the digest that counts is that content's.
"""

import hashlib
from collections import OrderedDict
from pathlib import Path

from rlmlite_kernel.blobs import BlobMissingError, Content
from rlmlite_kernel.engines import LineIndex, repair
from rlmlite_kernel.inputs import SourceFile
from rlmlite_traces.mapped import HashedFile, RecentFiles, hashed, opened, unchanged

LINE_INDEXES = 64
"""How many line indexes are kept, the last used first. Each holds its content open."""


class FileBlobs:
    """`rlmlite_kernel.blobs.Blobs` over registered files and memory."""

    def __init__(self) -> None:
        self._memory: dict[str, bytes] = {}
        self._files: dict[str, list[HashedFile]] = {}
        self._recent = RecentFiles()
        self._lines: OrderedDict[str, LineIndex] = OrderedDict()

    def add_file(self, path: Path, name: str | None = None) -> SourceFile:
        """Register a file by its content, which is hashed but not copied. `name` is its path in the trace.

        Raises `OSError` if it cannot be read, `InputChangedError` if it changes meanwhile.
        """
        file = hashed(path)
        shown = str(path) if name is None else name
        if not file.utf8.valid:
            content, replaced = repair(opened(file))
            return SourceFile(shown, self.put(content), len(content), replaced, file.digest)
        self._files.setdefault(file.digest, []).append(file)
        return SourceFile(shown, file.digest, file.mark.size)

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        content = self._memory.get(digest)
        if content is not None:
            return content
        if digest not in self._files:
            raise BlobMissingError(digest)
        return self._recent.content(self._files[digest][0])

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

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`. Every file that holds one of these contents is asked."""
        for digest in digests:
            for file in self._files.get(digest, ()):
                unchanged(file)
