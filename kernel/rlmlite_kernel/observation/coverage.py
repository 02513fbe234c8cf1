"""Coverage: which bytes of each input were shown to the controller, read by a model, or scanned by the kernel.

An answer from 1 % of a log should not look like one from all of it, so a run can say what was never looked at. Each
input is one axis of positions on which its documents lie end to end; marks are ranges on it, merged as they come.

    docs = a.txt (100 bytes), b.txt (50)     a.txt at [0, 100), b.txt at [100, 150)
    search over b.txt, one hit shown         scanned [100, 150), shown [112, 117)
    report                                   bytes 150, shown 5, read 0, scanned 50, unseen 100

A content that occurs twice counts in both places.
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

# Ranges from which NumPy merges faster.
_MANY = 256


class InputLayout:
    """Where the contents of the inputs lie: from a digest to (input, base), and the size of each input."""

    def __init__(self, inputs: Mapping[str, Value]) -> None:
        self.sizes: dict[str, int] = {}
        self.places: dict[str, list[tuple[str, int]]] = {}
        for name, value in inputs.items():
            self.sizes[name] = self._place_contents(name, value)

    def _place_contents(self, name: str, value: Value) -> int:
        """Notes where the contents of an input lie; returns its size."""
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
        # JSON from memory has no bytes of content to cover.
        return base


class Coverage:
    """The marks so far. Never changed: `mark` returns the next."""

    def __init__(self, layout: InputLayout, marks: Mapping[tuple[str, str], Ranges] | None = None) -> None:
        self.layout = layout
        self._marks = dict(marks or {})
        # Summed once: every record holds them, and a coverage is shared by all records until it changes.
        self.totals: dict[str, tuple[int, int, int]] = {
            name: (self._bytes(name, "shown"), self._bytes(name, "read"), self._bytes(name, "scanned"))
            for name in layout.sizes
        }

    def mark(self, spans: Mapping[str, Iterable[Text]]) -> "Coverage":
        """The coverage with more spans marked, by kind."""
        by_axis: dict[tuple[str, str], Ranges] = {}
        for kind, texts in spans.items():
            for text in dict.fromkeys(texts):
                # Equal documents are one content, which lies in several places.
                for name, base in self.layout.places.get(text.blob, ()):
                    by_axis.setdefault((name, kind), []).append((base + text.start, base + text.stop))
        if not by_axis:
            return self
        marks = dict(self._marks)
        for axis, ranges in by_axis.items():
            marks[axis] = merge_ranges([*marks.get(axis, ()), *ranges])
        return Coverage(self.layout, marks)

    def since(self, before: "Coverage") -> dict[str, tuple[int, int, int]]:
        """The totals of the inputs that were marked since then."""
        return {name: total for name, total in self.totals.items() if total != before.totals[name]}

    def unseen(self, name: str) -> int:
        """Bytes of an input that were not looked at in any way."""
        seen = merge_ranges([pair for kind in KINDS for pair in self._marks.get((name, kind), ())])
        return self.layout.sizes[name] - sum(stop - start for start, stop in seen)

    def report(self) -> dict[str, dict[str, int]]:
        """For people: for each input the bytes in all, shown, read, scanned and unseen."""
        return {
            name: {"bytes": size, **dict(zip(KINDS, self.totals[name], strict=True)), "unseen": self.unseen(name)}
            for name, size in self.layout.sizes.items()
        }

    def _bytes(self, name: str, kind: str) -> int:
        return sum(stop - start for start, stop in self._marks.get((name, kind), ()))


def merge_ranges(ranges: Ranges) -> Ranges:
    """The same places as ranges in order that neither touch nor overlap."""
    if len(ranges) > _MANY:
        return _merge_many(np.array(ranges, np.int64))
    merged: Ranges = []
    for start, stop in sorted(ranges):
        if stop <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _merge_many(ranges: IntArray) -> Ranges:
    """`merge_ranges` in NumPy: a range begins wherever a start lies beyond the farthest stop before it."""
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    if not len(ranges):
        return []
    farthest_stop = np.maximum.accumulate(ranges[:, 1])
    begins = np.concatenate([[True], ranges[1:, 0] > farthest_stop[:-1]])
    last = np.append(np.flatnonzero(begins)[1:] - 1, len(ranges) - 1)
    return list(zip(ranges[begins, 0].tolist(), farthest_stop[last].tolist(), strict=True))
