"""The line indexes of the contents that were used last."""

from collections import OrderedDict
from collections.abc import Callable

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.values.blobs import Content

LINE_INDEXES = 64
"""How many line indexes are kept, the last used first. Each holds its content open."""


class RecentIndexes:
    """Line indexes by digest, each built once while it is among the recent."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[str, LineIndex] = OrderedDict()

    def index(self, digest: str, read: Callable[[str], Content]) -> LineIndex:
        """The index of a content, which `read` gives."""
        index = self._indexes.get(digest)
        if index is None:
            index = self._indexes[digest] = LineIndex(read(digest))
            if len(self._indexes) > LINE_INDEXES:
                self._indexes.popitem(last=False)
        else:
            self._indexes.move_to_end(digest)
        return index
