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
from rlmlite_kernel.values.columns import Cells, Text
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import Rows, Value, sheet_of

KINDS = ("shown", "read", "scanned")
"""What may have happened to a byte, from the closest look to the farthest."""

Ranges: TypeAlias = list[tuple[int, int]]
"""Half-open ranges in order that neither touch nor overlap."""

# Ranges from which NumPy merges faster.
_MANY = 256


class InputLayout:
    """Where the contents of the inputs lie: from a digest to (input, base), and the size of each input.

    Of `excerpts`, which a nested run may have, it is their texts. An input that is a part of a text, as one of a nested
    run can be, begins at 0 with the first byte of that part. In a run from before `EVIDENCE_OF_NESTED_RUNS`, whose
    `parts_are_wholes`, it has all that comes before it as well.
    """

    def __init__(
        self, inputs: Mapping[str, Value], excerpts: Mapping[str, Text] | None = None, *, parts_are_wholes: bool = False
    ) -> None:
        self.sizes: dict[str, int] = {}
        self.places: dict[str, list[tuple[str, int]]] = {}
        self.tables: list[RowSpans] = []
        self.bases: dict[str, int] = {}
        """Of the inputs that are one text: what to add to a position in its content."""
        self.documents: dict[str, Rows] = {}
        self._parts_are_wholes = parts_are_wholes
        self._place_inputs(inputs, excerpts or {})

    def with_inputs(self, inputs: Mapping[str, Value]) -> "InputLayout":
        """The layout with more inputs, none of them an excerpt. Those before them lie where they lay."""
        other = InputLayout({}, parts_are_wholes=self._parts_are_wholes)
        other.sizes, other.bases, other.documents = dict(self.sizes), dict(self.bases), dict(self.documents)
        other.tables = list(self.tables)
        other.places = {blob: list(places) for blob, places in self.places.items()}
        other._place_inputs(inputs, {})
        return other

    def _place_inputs(self, inputs: Mapping[str, Value], excerpts: Mapping[str, Text]) -> None:
        for name, value in inputs.items():
            self.sizes[name] = self._place_contents(name, excerpts.get(name, value))

    def _place_contents(self, name: str, value: Value) -> int:
        """Notes where the contents of an input lie; returns its size."""
        if isinstance(value, Text):
            first = 0 if self._parts_are_wholes else value.start
            self.bases[name] = -first
            self.places.setdefault(value.blob, []).append((name, -first))
            return value.stop - first
        if not isinstance(value, Rows) or value.spans is None:
            # JSON from memory has no bytes of content to cover.
            return 0
        if isinstance(value.spans, RowSpans):
            return self._place_table(name, value.spans)
        stops = value.spans.stops
        sheet = sheet_of(value)
        if sheet is not None:
            # A table's rows are ranges of one file, so the last row's stop is the size of what was read as rows.
            self.places.setdefault(sheet, []).append((name, 0))
            return int(stops[-1]) if len(value) else 0
        # Documents: each row is a whole content from 0 on, so its stop is its size, and the next begins where it ends.
        self.documents[name] = value
        base = 0
        for row, size in enumerate(stops.tolist()):
            self.places.setdefault(value.spans.blob_at(row), []).append((name, base))
            base += size
        return base

    def _place_table(self, name: str, rows: RowSpans) -> int:
        """Notes where the rows of a table lie. Its cells, and the lines that it is searched in, count as their rows."""
        self.tables.append(rows)
        blob, first, size = rows.axis
        self.places.setdefault(blob, []).append((name, -first))
        return size

    def has(self, text: Text) -> bool:
        """Whether a text lies in an input, and not in what a program made."""
        return text.blob in self.places or any(rows.place_of(text) is not None for rows in self.tables)

    def clip(self, name: str, start: int, stop: int) -> tuple[int, int]:
        """A range without what lies around a part: that is no part of the input."""
        if self._parts_are_wholes or name not in self.bases:
            return start, stop
        return max(0, start), min(stop, self.sizes[name])

    def place_behind(self, text: Text) -> Text:
        """The row of a table that a text is a cell of; any other text as it is."""
        for rows in self.tables:
            place = rows.place_of(text)
            if place is not None:
                return place
        return text


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

    @property
    def marks(self) -> Mapping[tuple[str, str], Ranges]:
        """The ranges of each (input, kind) that has some."""
        return self._marks

    def mark(self, spans: Mapping[str, Iterable[Text]]) -> "Coverage":
        """The coverage with more spans marked, by kind."""
        by_axis: dict[tuple[str, str], Ranges] = {}
        for kind, texts in spans.items():
            # Each text once, in order: a fan-out marks the same span for every one of its calls.
            for text in dict.fromkeys(map(self.layout.place_behind, texts)):
                # Equal documents are one content, which lies in several places.
                for name, base in self.layout.places.get(text.blob, ()):
                    range_ = self.layout.clip(name, base + text.start, base + text.stop)
                    by_axis.setdefault((name, kind), []).append(range_)
        if not by_axis:
            # The same object, so that records go on sharing its totals: most steps mark nothing.
            return self
        marks = dict(self._marks)
        for axis, ranges in by_axis.items():
            marks[axis] = merge_ranges([*marks.get(axis, ()), *ranges])
        return Coverage(self.layout, marks)

    def since(self, before: "Coverage") -> dict[str, tuple[int, int, int]]:
        """The totals of the inputs that were marked since then."""
        # Only what changed: the record of a step that looked at one input of a hundred names one.
        return {name: total for name, total in self.totals.items() if total != before.totals[name]}

    def by_path(self, name: str, kind: str) -> Ranges:
        """The ranges of an input that are marked so, with its documents in the order of their paths."""
        ranges = self._marks.get((name, kind), [])
        documents = self.layout.documents.get(name)
        if documents is None or not ranges:
            return list(ranges)
        moved: Ranges = []
        first = base = 0
        for new_base, size in places_by_path(documents):
            # Both are in order: what ends before this document ends before all later ones.
            while first < len(ranges) and ranges[first][1] <= base:
                first += 1
            for start, stop in ranges[first:]:
                if start >= base + size:
                    break
                moved.append((max(start, base) - base + new_base, min(stop, base + size) - base + new_base))
            base += size
        return merge_ranges(moved)

    def unseen(self, name: str) -> int:
        """Bytes of an input that were not looked at in any way."""
        of_any_kind = [pair for kind in KINDS for pair in self._marks.get((name, kind), ())]
        # Merged over the kinds: a byte that was scanned and then shown is not to be counted twice.
        seen_bytes = sum(stop - start for start, stop in merge_ranges(of_any_kind))
        return self.layout.sizes[name] - seen_bytes

    def report(self) -> dict[str, dict[str, int]]:
        """For people: for each input the bytes in all, shown, read, scanned and unseen."""
        rows: dict[str, dict[str, int]] = {}
        for name, size in self.layout.sizes.items():
            by_kind = dict(zip(KINDS, self.totals[name], strict=True))
            rows[name] = {"bytes": size, **by_kind, "unseen": self.unseen(name)}
        return rows

    def _bytes(self, name: str, kind: str) -> int:
        ranges = self._marks.get((name, kind), ())
        return sum(stop - start for start, stop in ranges)


def places_by_path(documents: Rows) -> list[tuple[int, int]]:
    """Of each document where it begins, and its size, if they lie end to end in the order of their paths.

    So a nested run and its parent, which may have them in another order, mean the same by a position. Two documents of
    one path are one file, which lies there once.
    """
    spans, paths = documents.spans, documents.columns["path"]
    assert spans is not None
    assert isinstance(paths, Cells)
    sizes = (spans.stops - spans.starts).tolist()
    rows_of = {str(path): row for row, path in reversed(list(enumerate(paths.values)))}
    begins: dict[str, int] = {}
    end = 0
    for path, row in sorted(rows_of.items()):
        begins[path] = end
        end += sizes[row]
    return [(begins[str(path)], size) for path, size in zip(paths.values, sizes, strict=True)]


def merge_ranges(ranges: Ranges) -> Ranges:
    """The same places as ranges in order that neither touch nor overlap."""
    if len(ranges) > _MANY:
        return _merge_many(np.array(ranges, np.int64))
    merged: Ranges = []
    # Sorted by start, so a range can only touch the last one that was merged.
    for start, stop in sorted(ranges):
        if stop <= start:
            continue
        if merged and start <= merged[-1][1]:
            last_start, last_stop = merged[-1]
            # The earlier range may reach farther than this one, which then lies inside it.
            merged[-1] = (last_start, max(stop, last_stop))
        else:
            merged.append((start, stop))
    return merged


def _merge_many(ranges: IntArray) -> Ranges:
    """`merge_ranges` in NumPy: a range begins wherever a start lies beyond the farthest stop before it.

    sorted by start    [0, 9)  [2, 4)  [9, 10)  [12, 15)
    farthest stop       9       9       10       15
    begins a range      yes     no      no       yes        so [0, 10) and [12, 15)
    """
    starts, stops = ranges[:, 0], ranges[:, 1]
    ranges = ranges[stops > starts]
    if not len(ranges):
        return []
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    starts, stops = ranges[:, 0], ranges[:, 1]
    farthest_stop = np.maximum.accumulate(stops)
    # Beyond, not at: ranges that touch are one. The first of all begins a range in any case.
    begins = np.ones(len(ranges), np.bool_)
    begins[1:] = starts[1:] > farthest_stop[:-1]
    # A merged range ends with the row before the next one begins; the last one with the last row.
    first_rows = np.flatnonzero(begins)
    last_rows = np.append(first_rows[1:] - 1, len(ranges) - 1)
    return list(zip(starts[first_rows].tolist(), farthest_stop[last_rows].tolist(), strict=True))
