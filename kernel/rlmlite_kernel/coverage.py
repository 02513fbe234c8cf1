"""Coverage: per input, which bytes were shown to the controller, read by a model, scanned by the kernel.

Documents lie end to end in one line of positions per input. A content that occurs twice counts in both places.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from rlmlite_kernel.columns import IntArray, Text
from rlmlite_kernel.values import Rows, Value

KINDS = ("shown", "read", "scanned")
"""What may have happened to a byte, from the closest look to the farthest."""

_NONE: IntArray = np.zeros((0, 2), np.int64)


class Layout:
    """Where the contents of the inputs lie: digest to (input, base), and the size of each input."""

    def __init__(self, inputs: Mapping[str, Value]) -> None:
        self.sizes: dict[str, int] = {}
        self.places: dict[str, list[tuple[str, int]]] = {}
        for name, value in inputs.items():
            self.sizes[name] = self._lay(name, value)

    def _lay(self, name: str, value: Value) -> int:
        if isinstance(value, Text):
            self.places.setdefault(value.blob, []).append((name, 0))
            return value.stop
        base = 0
        if isinstance(value, Rows) and value.spans is not None:
            sizes = value.spans.stops.tolist()
            for row, size in enumerate(sizes):
                self.places.setdefault(value.spans.blob_at(row), []).append((name, base))
                base += size
        return base


class Coverage:
    """The marks so far. Never changed; `marked` gives the next."""

    def __init__(self, layout: Layout, marks: Mapping[tuple[str, str], IntArray] | None = None) -> None:
        self._layout = layout
        self._marks = dict(marks or {})
        self.totals: dict[str, tuple[int, int, int]] = {
            name: (self._bytes(name, "shown"), self._bytes(name, "read"), self._bytes(name, "scanned"))
            for name in layout.sizes
        }

    def marked(self, spans: Mapping[str, Iterable[Text]]) -> "Coverage":
        """With more spans marked, by kind."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for kind, texts in spans.items():
            for text in texts:
                for name, base in self._layout.places.get(text.blob, ()):
                    found.setdefault((name, kind), []).append((base + text.start, base + text.stop))
        if not found:
            return self
        marks = dict(self._marks)
        for key, more in found.items():
            marks[key] = merged(np.concatenate([marks.get(key, _NONE), np.array(more, np.int64)]))
        return Coverage(self._layout, marks)

    def unseen(self, name: str) -> int:
        """Bytes of an input that nobody looked at in any way."""
        union = merged(np.concatenate([self._marks.get((name, kind), _NONE) for kind in KINDS]))
        return self._layout.sizes[name] - int((union[:, 1] - union[:, 0]).sum())

    def report(self) -> dict[str, dict[str, int]]:
        """For people: per input the bytes in all, shown, read, scanned and unseen."""
        return {
            name: {"bytes": size, **dict(zip(KINDS, self.totals[name], strict=True)), "unseen": self.unseen(name)}
            for name, size in self._layout.sizes.items()
        }

    def _bytes(self, name: str, kind: str) -> int:
        marks = self._marks.get((name, kind), _NONE)
        return int((marks[:, 1] - marks[:, 0]).sum())


def merged(spans: IntArray) -> IntArray:
    """The same places as spans in order that neither touch nor overlap."""
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        return _NONE
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate([[True], spans[1:, 0] > reach[:-1]])
    last = np.append(np.flatnonzero(first)[1:] - 1, len(spans) - 1)
    return np.stack([spans[first, 0], reach[last]], axis=1)
