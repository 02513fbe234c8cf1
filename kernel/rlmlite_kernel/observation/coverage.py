"""Coverage: per input, which bytes were shown to the controller, read by a model, scanned by the kernel.

Documents lie end to end in one line of positions per input. A content that occurs twice counts in both places.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value, sheet_of

KINDS = ("shown", "read", "scanned")
"""What may have happened to a byte, from the closest look to the farthest."""

Ranges: TypeAlias = list[tuple[int, int]]
"""Half-open ranges in order that neither touch nor overlap."""

_MANY = 256  # ranges from which numpy sorts faster


class InputLayout:
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
        sheet = sheet_of(value)
        if isinstance(value, Rows) and value.spans is not None and sheet is not None:
            self.places.setdefault(sheet, []).append((name, 0))
            return int(value.spans.stops[-1]) if len(value) else 0
        if isinstance(value, Rows) and value.spans is not None:
            sizes = value.spans.stops.tolist()
            for row, size in enumerate(sizes):
                self.places.setdefault(value.spans.blob_at(row), []).append((name, base))
                base += size
        return base


class Coverage:
    """The marks so far. Never changed; `marked` gives the next."""

    def __init__(self, layout: InputLayout, marks: Mapping[tuple[str, str], Ranges] | None = None) -> None:
        self.layout = layout
        self._marks = dict(marks or {})
        self.totals: dict[str, tuple[int, int, int]] = {
            name: (self._bytes(name, "shown"), self._bytes(name, "read"), self._bytes(name, "scanned"))
            for name in layout.sizes
        }

    def marked(self, spans: Mapping[str, Iterable[Text]]) -> "Coverage":
        """With more spans marked, by kind."""
        found: dict[tuple[str, str], Ranges] = {}
        for kind, texts in spans.items():
            for text in dict.fromkeys(texts):  # equal documents are one content, which lies in as many places
                for name, base in self.layout.places.get(text.blob, ()):
                    found.setdefault((name, kind), []).append((base + text.start, base + text.stop))
        if not found:
            return self
        marks = dict(self._marks)
        for key, more in found.items():
            marks[key] = merge_ranges([*marks.get(key, ()), *more])
        return Coverage(self.layout, marks)

    def unseen(self, name: str) -> int:
        """Bytes of an input that nobody looked at in any way."""
        union = merge_ranges([pair for kind in KINDS for pair in self._marks.get((name, kind), ())])
        return self.layout.sizes[name] - sum(stop - start for start, stop in union)

    def report(self) -> dict[str, dict[str, int]]:
        """For people: per input the bytes in all, shown, read, scanned and unseen."""
        return {
            name: {"bytes": size, **dict(zip(KINDS, self.totals[name], strict=True)), "unseen": self.unseen(name)}
            for name, size in self.layout.sizes.items()
        }

    def _bytes(self, name: str, kind: str) -> int:
        return sum(stop - start for start, stop in self._marks.get((name, kind), ()))


def merge_ranges(ranges: Ranges) -> Ranges:
    """The same places as ranges in order that neither touch nor overlap."""
    if len(ranges) > _MANY:
        return _merged_many(np.array(ranges, np.int64))
    whole: Ranges = []
    for start, stop in sorted(ranges):
        if stop <= start:
            continue
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(stop, whole[-1][1]))
        else:
            whole.append((start, stop))
    return whole


def _merged_many(ranges: IntArray) -> Ranges:
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    if not len(ranges):
        return []
    reach = np.maximum.accumulate(ranges[:, 1])
    first = np.concatenate([[True], ranges[1:, 0] > reach[:-1]])
    last = np.append(np.flatnonzero(first)[1:] - 1, len(ranges) - 1)
    return list(zip(ranges[first, 0].tolist(), reach[last].tolist(), strict=True))
