"""Rows of a report as they grow: one for each way in which something of an input went to one destination."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from rlmlite_kernel.records.records import EffectRecord
from rlmlite_traces.reading.egress.sent import Range, Sent

_ORDER: Final = ("controller", "model", "tool", "approval", "nested")
"""The kinds of destinations, in the order in which they are told."""

Key: TypeAlias = tuple[str, str, str, str, str, str]
"""Run, kind, destination, how, input, path."""


class Row:
    """A row that grows."""

    def __init__(self) -> None:
        self.ranges: list[Range] = []
        self.bytes = self.calls = self.cached = self.failed = 0
        self.of: set[str] = set()

    def add_call(self, call: EffectRecord) -> None:
        """Count a call that carried it."""
        self.calls += 1
        self.cached += call.cached
        self.failed += call.result is None

    def add_calls(self, other: "Row") -> None:
        """Count the calls of another row."""
        self.calls += other.calls
        self.cached += other.cached
        self.failed += other.failed


class Look:
    """What a controller had been shown of an input at its last call, in that turn, and its calls so far."""

    def __init__(self) -> None:
        self.shown = self.turn = 0
        self.row = Row()


class Rows:
    """All rows of a report."""

    def __init__(self) -> None:
        self._rows: dict[Key, Row] = {}

    def at(self, key: Key) -> Row:
        """The row of a key."""
        return self._rows.setdefault(key, Row())

    def sent(self) -> Iterator[Sent]:
        """The rows, those of the run at the root first."""
        in_order = sorted(self._rows.items(), key=lambda item: (item[0][0], _ORDER.index(item[0][1]), item[0][2:]))
        for (run, kind, destination, how, input_, path), row in in_order:
            merged = merge(row.ranges)
            yield Sent(
                run=run,
                kind=kind,
                destination=destination,
                how=how,
                input=input_,
                path=path,
                bytes=size_of(merged) if how == "ranges" else row.bytes,
                ranges=tuple(merged),
                of=tuple(sorted(row.of)),
                calls=row.calls,
                cached=row.cached,
                failed=row.failed,
            )


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same places as ranges in order that neither touch nor overlap."""
    merged: list[Range] = []
    for start, stop in sorted(ranges):
        if stop <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def subtract(ranges: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """The places of `ranges` that are not in `others`."""
    left: list[Range] = []
    taken = merge(others)
    for start, stop in merge(ranges):
        for other_start, other_stop in taken:
            if other_start >= stop:
                break
            if other_stop > start:
                if other_start > start:
                    left.append((start, other_start))
                start = other_stop
        if start < stop:
            left.append((start, stop))
    return left


def size_of(ranges: Iterable[Range]) -> int:
    """The bytes of ranges that do not overlap."""
    return sum(stop - start for start, stop in ranges)
