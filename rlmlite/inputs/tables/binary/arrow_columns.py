"""Arrow arrays as parts of columns: their buffers go over as they are, without one Python object for each value.

int64 [3, null, 5]             the buffers of numbers and of bits
string, few of them different  dictionary codes, which the content stores too
timestamp, date, decimal ...   text as `docs/reference/tables.md` has it
list, struct, map              canonical JSON, value by value
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from rlmlite.inputs.tables.binary.arrow_tables import _array_cells, library
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import Batch

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

_INTEGERS = {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
}
_DECIMALS = {"halffloat": "e", "float": "f", "double": "d"}
_TEXTS = {"string": "i", "large_string": "q"}

_INFINITE = "infinite numbers became null"

_SAMPLE = 1_024


def arrow_batch(batch: Arrow, losses: Losses) -> Batch:
    """A record batch of Arrow as a batch of parts."""
    return Batch([arrow_part(array, losses) for array in batch.columns], batch.num_rows)


def arrow_part(array: Arrow, losses: Losses) -> Part:
    """An Arrow array as a part."""
    kind, rows = str(array.type), len(array)
    if kind == "null" or array.null_count == rows:
        return parts.nulls(rows)
    if kind in _INTEGERS:
        bits, numbers = array.buffers()
        return parts.integers(_INTEGERS[kind], numbers, rows, array.offset, bits)
    if kind in _DECIMALS:
        bits, numbers = array.buffers()
        part, infinite = parts.decimals(_DECIMALS[kind], numbers, rows, array.offset, bits)
        losses.add(_INFINITE, infinite)
        return part
    if kind == "bool":
        bits, flags = array.buffers()
        return parts.flags(flags, rows, array.offset, bits)
    if kind == "string_view":
        array, kind = array.cast(library("pyarrow").large_string()), "large_string"
    if kind in _TEXTS:
        return _text_part(array)
    if kind.startswith("dictionary"):
        return _coded_part(array, losses)
    return parts.of_cells(_array_cells(array, losses))


def _text_part(array: Arrow) -> Part:
    """Texts; coded if the first of them recur: Arrow codes them many times faster than the writer could."""
    first = array.slice(0, _SAMPLE)
    if 2 * len(first.unique()) <= len(first):
        return _codes(array.dictionary_encode())
    bits, offsets, data = array.buffers()
    return parts.texts(_TEXTS[str(array.type)], offsets, data, len(array), array.offset, bits)


def _coded_part(array: Arrow, losses: Losses) -> Part:
    dictionary = array.dictionary
    is_plain = str(dictionary.type) in _TEXTS and not dictionary.null_count
    # A dictionary that is mostly not used is not worth going through.
    if not is_plain or len(dictionary) > len(array):
        return arrow_part(array.dictionary_decode(), losses)
    return _codes(array)


def _codes(array: Arrow) -> Part:
    bits, numbers = array.indices.buffers()
    dictionary = array.dictionary
    _, offsets, data = dictionary.buffers()
    words = parts.texts(_TEXTS[str(dictionary.type)], offsets, data, len(dictionary), dictionary.offset)
    kind = _INTEGERS[str(array.indices.type)]
    return parts.coded(kind, numbers, len(array), words, array.indices.offset, bits)


def arrow_batches(batches: Iterator[Arrow], losses: Losses) -> Iterator[Batch]:
    """Record batches of Arrow, cut to at most 65,536 rows, as batches of parts."""
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield arrow_batch(batch.slice(start, _ROWS), losses)


_ROWS = 65_536
