"""Keys of many rows at once: which rows share a key, and how keys are ordered.

Returns what `operators.group_key` and `operators.sort_key` give value by value, or None where it cannot.

    keys_of([vector of "b", "a", "b"])     codes [0, 1, 0], firsts [0, 1]: by first row, not by value
    ranks_of(that vector, keys)            [1, 0]: "a" before "b"
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sheets.recurring import number_words
from rlmlite_kernel.engines.sheets.spans import LONGEST, SpanBytes, WordArray
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.vectors import GATHERED, LARGEST, CodedSpans, Strings, Vector, as_decimals, gather

_DENSE = 4
"""Whole numbers that reach so many times as far as there are rows are numbered by a table, not by sorting."""

_HELD = 16 * 1024 * 1024
"""Bytes of texts that are held as Python objects at a time."""

_HEAD = 1 << 16
"""Rows that are looked through first for one row of each number."""

_FEW = 4
"""Numbers that are looked for by themselves: a pass for each is faster than writing down every row."""

_SHORT = 256
"""Bytes of a text, on average, up to which reading all takes no longer than looking which of them are one place."""


class Keys:
    """`codes[row]` is the number of the row's key, counted in order of appearance; `firsts` is where each appears."""

    def __init__(self, codes: IntArray, firsts: IntArray) -> None:
        self.codes, self.firsts = codes, firsts

    @cached_property
    def counts(self) -> IntArray:
        """How many rows have each key."""
        return np.bincount(self.codes, minlength=len(self.firsts)).astype(np.int64)

    def members(self) -> list[IntArray]:
        """The rows of each key, in order."""
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(self.counts)[:-1]) if len(self.firsts) else []


def keys_of(vectors: Sequence[Vector], blobs: Blobs) -> Keys | None:
    """The keys of rows, each made of one value or of several."""
    keys: Keys | None = None
    for vector in vectors:
        mine = _keys(vector, blobs)
        if mine is None:
            return None
        if keys is None:
            keys = mine
        elif len(keys.firsts) * len(mine.firsts) > LARGEST:
            return None
        else:
            keys = _number_values(keys.codes * len(mine.firsts) + mine.codes)
    return keys


def _keys(vector: Vector, blobs: Blobs) -> Keys | None:
    if vector.kind == "text":
        return _text_keys(vector, blobs)
    there = np.flatnonzero(~vector.null)
    # Adding 0.0 turns -0.0 into 0.0: they are one key.
    data = vector.data + 0.0 if vector.kind == "float" else vector.data
    # Code 0 is null.
    codes = np.zeros(len(vector), np.int64)
    if vector.kind != "float" and len(there):
        values = data[there].astype(np.int64)
        least, count = int(values.min()), int(values.max()) - int(values.min()) + 2
        if count <= _DENSE * len(vector):
            codes[there] = values - least + 1
            return number_small(codes, count)
    codes[there] = _number_values(data[there]).codes + 1
    return number_small(codes, int(codes.max(initial=0)) + 1)


def _number_values(values: npt.NDArray[np.generic]) -> Keys:
    _, firsts, codes = np.unique(values, return_index=True, return_inverse=True)
    appearance = np.argsort(firsts)
    number = np.empty(len(firsts), np.int64)
    number[appearance] = np.arange(len(firsts))
    return Keys(number[codes.reshape(-1)], firsts[appearance].astype(np.int64))


def _text_keys(vector: Vector, blobs: Blobs) -> Keys | None:
    if isinstance(vector.data, CodedSpans):
        return _coded_keys(vector.data, blobs)
    texts = vector.bytes(blobs)
    if texts is None or texts.longest() > LONGEST:
        return None
    if int(texts.lengths.sum()) > _SHORT * len(vector):
        return _place_keys(vector, texts)
    return _read_keys(vector, texts)


def _read_keys(vector: Vector, texts: SpanBytes) -> Keys | None:
    """Keys of texts by their bytes; None if two that differ have one fingerprint."""
    if _SHORT * len(vector) < int(texts.lengths.sum()) < _HELD:
        return _held_keys(vector, texts)
    null = vector.null if vector.null.any() else None

    def words_of(start: int, stop: int) -> WordArray:
        """The fingerprints of some rows."""
        prints = texts.fingerprints(start, stop)
        if null is not None:
            prints[null[start:stop]] = np.iinfo(np.uint64).max
        return prints

    keys = number_small(*number_words(words_of, len(vector)))
    has_nulls_apart = null is None or bool((null == null[keys.firsts][keys.codes]).all())
    return keys if has_nulls_apart and texts.are_alike(keys.codes, keys.firsts) else None


def _place_keys(vector: Vector, texts: SpanBytes) -> Keys | None:
    """Keys of long texts. Rows that refer to one place are read once: hits on a long line have that line as `text`."""
    places = np.stack([texts.starts, np.where(vector.null, -1, texts.lengths)], axis=1)
    _, firsts, numbers = np.unique(places, axis=0, return_index=True, return_inverse=True)
    if len(firsts) == len(vector):
        return _read_keys(vector, texts)
    of_places = _read_keys(vector.take(firsts), texts.take(firsts))
    if of_places is None:
        return None
    return number_small(of_places.codes[numbers.reshape(-1)], len(of_places.firsts))


def _held_keys(vector: Vector, texts: SpanBytes) -> Keys:
    """Keys of a few long texts: as Python objects, since a fingerprint takes a step for each eight bytes."""
    numbers: dict[bytes | None, int] = {}
    spelled = zip(texts.texts(), vector.null.tolist(), strict=True)
    codes = [numbers.setdefault(None if is_null else bytes(text), len(numbers)) for text, is_null in spelled]
    return number_small(np.array(codes, np.int64), len(numbers))


def _coded_keys(texts: CodedSpans, blobs: Blobs) -> Keys | None:
    """Keys of texts that recur: those of the dictionary, handed out by code and numbered as the rows have them."""
    of_dictionary = _text_keys(texts.as_vector(), blobs)
    if of_dictionary is None:
        return None
    # The code of null, -1, picks the last number.
    null = len(of_dictionary.firsts)
    return number_small(np.append(of_dictionary.codes, null)[texts.codes], null + 1)


def number_small(codes: IntArray, count: int) -> Keys:
    """Numbers below `count`, numbered anew in order of appearance. Without sorting the rows."""
    firsts = _first_rows(codes, count)
    used = np.flatnonzero(firsts >= 0)
    used = used[np.argsort(firsts[used])]
    number = np.zeros(count, np.int64)
    number[used] = np.arange(len(used))
    return Keys(number[codes], firsts[used])


def _first_rows(codes: IntArray, count: int) -> IntArray:
    """The first row of each number below `count`; -1 for one that no row has."""
    # Numbers of many rows are all among the first rows, but perhaps for that of null.
    head = codes[: max(_HEAD, count)]
    firsts = _first_rows_of(head, count)
    missing = np.flatnonzero(firsts < 0)
    if len(head) == len(codes) or not len(missing):
        return firsts
    if len(missing) > _FEW:
        return _first_rows_of(codes, count)
    for number in missing.tolist():
        has_number = codes == number
        row = int(np.argmax(has_number))
        firsts[number] = row if has_number[row] else -1
    return firsts


def _first_rows_of(codes: IntArray, count: int) -> IntArray:
    firsts = np.full(count, -1, np.int64)
    # Written from the last row to the first, so that the first one stays.
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return firsts


def ranks_of(vector: Vector, keys: Keys, blobs: Blobs) -> IntArray | None:
    """The place of each key in the total order; null comes first."""
    mine = vector.take(keys.firsts)
    ranks = np.zeros(len(mine), np.int64)
    there = np.flatnonzero(~mine.null)
    if vector.kind == "text":
        texts = mine.bytes(blobs)
        if texts is None:
            return None
        order = _byte_order(texts, there)
    else:
        order = np.argsort(mine.data[there], kind="stable")
    ranks[there[order]] = np.arange(1, len(there) + 1)
    return ranks


def _byte_order(texts: SpanBytes, rows: IntArray) -> IntArray:
    """Texts by their bytes, which is by code point. Python compares bytes quickest as Latin-1."""
    spelled = [str(text, "latin-1") for text in texts.take(rows).texts()]
    return np.array(sorted(range(len(spelled)), key=spelled.__getitem__), np.int64)


def sort_rows(vectors: Sequence[tuple[Vector, bool]], blobs: Blobs) -> IntArray | None:
    """Row numbers in order of several keys, each rising or (True) falling; equal rows keep their order."""
    columns: list[Any] = []
    for vector, falling in vectors:
        keyed = _sortable(vector, blobs)
        if keyed is None:
            return None
        columns.extend((~part if part.dtype.kind == "i" else -part) if falling else part for part in keyed)
    if len(columns) == 1:
        return np.argsort(columns[0], kind="stable").astype(np.int64)
    return np.lexsort(columns[::-1]).astype(np.int64)


def _sortable(vector: Vector, blobs: Blobs) -> list[Any] | None:
    """Arrays that sort as the values do, the one that decides first."""
    if vector.kind == "text":
        keys = _text_keys(vector, blobs)
        ranks = None if keys is None else ranks_of(vector, keys, blobs)
        return None if keys is None or ranks is None else [ranks[keys.codes]]
    data = vector.data.astype(np.int64) if vector.kind == "bool" else vector.data
    if not vector.null.any():
        return [data]
    return [(~vector.null).astype(np.int64), np.where(vector.null, np.zeros(1, data.dtype), data)]


def concatenate_vectors(left: Vector, right: Vector, blobs: Blobs) -> Vector | None:
    """Two vectors end to end, to be compared, if their kinds can be."""
    null = np.concatenate([left.null, right.null])
    if left.kind == "text" and right.kind == "text":
        texts = _concatenate_texts(left, right, blobs)
        return None if texts is None else Vector("text", null, Strings(texts))
    if {left.kind, right.kind} == {"int", "float"}:
        mine, other = as_decimals(left), as_decimals(right)
        if mine is None or other is None:
            return None
        return Vector("float", null, np.concatenate([mine, other]), np.zeros(len(null), bool))
    return Vector(left.kind, null, np.concatenate([left.data, right.data])) if left.kind == right.kind else None


def _concatenate_texts(left: Vector, right: Vector, blobs: Blobs) -> SpanBytes | None:
    mine, other = left.bytes(blobs), right.bytes(blobs)
    if mine is None or other is None:
        return None
    if mine.octets.ctypes.data == other.octets.ctypes.data and len(mine.octets) == len(other.octets):
        starts, lengths = (
            np.concatenate(pair) for pair in ((mine.starts, other.starts), (mine.lengths, other.lengths))
        )
        return SpanBytes(mine.octets.data, starts, starts + lengths)
    if int(mine.lengths.sum() + other.lengths.sum()) > GATHERED:
        return None
    return gather([text for part in (mine, other) for text in part.texts()])
