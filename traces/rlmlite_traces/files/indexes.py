"""The line indexes of the contents that were used last, in memory. Runs in several threads may share them."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.values.blobs import Content

LINE_INDEXES = 64
"""How many line indexes are kept in memory. Each keeps its content mapped, so this bounds the maps as well."""


class RecentIndexes:
    """A cache of line indexes by digest, with the least recently used dropped first."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[str, LineIndex] = OrderedDict()
        self._lock = threading.Lock()

    def index(self, digest: str, read: Callable[[str], Content]) -> LineIndex:
        """The line index of a content. If it is not cached, it is built from what `read(digest)` returns."""
        with self._lock:
            index = self._indexes.get(digest)
            if index is None:
                index = self._indexes[digest] = LineIndex(read(digest))
                if len(self._indexes) > LINE_INDEXES:
                    self._indexes.popitem(last=False)
            else:
                self._indexes.move_to_end(digest)
            return index
