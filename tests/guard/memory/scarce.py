"""Blobs without memory: chosen reads raise `MemoryError`, as real ones do where an action asks for the most."""

from collections.abc import Callable, Collection

from rlmlite_kernel import Blobs, MemoryBlobs
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.values.blobs import Content


class ScarceBlobs:
    """Blobs that fail at the reads with these numbers, counted from 0. `asked` is how many there were."""

    def __init__(self, failing: Collection[int] = (), blobs: Blobs | None = None) -> None:
        self._blobs: Blobs = blobs or MemoryBlobs()
        self.failing = failing
        self.asked = 0

    def _ask(self) -> None:
        number = self.asked
        self.asked += 1
        if number in self.failing:
            raise MemoryError

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        self._ask()
        return self._blobs.read(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        return self._blobs.put(content)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        self._ask()
        return self._blobs.lines(digest)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        self._ask()
        return self._blobs.index(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self._blobs.confirm(digests)
