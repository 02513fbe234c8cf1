"""Arrow arrays as parts of columns: their buffers go over as they are, without one Python object for each value.

int64 [3, null, 5]             the buffers of numbers and of bits
string, few of them different  dictionary codes, which the content stores too
decimal of scale 0             integers of any size; other decimals are texts, with all their digits
timestamp, date, time          ISO text, see `arrow_times`
list, struct, map              canonical JSON, whose contents go by the same rules
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from rlmlite.inputs.tables.binary import arrow_times as times
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.binary.whole_numbers import Whole, read_whole_numbers
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import COLUMNS, SAMPLES, Batch

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

ROWS = 65_536
"""Rows of a batch, at most."""

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
INFINITE = "infinite numbers became null"
"""What is said of them."""

_SAMPLE = SAMPLES[COLUMNS]


class Conversion(NamedTuple):
    """How arrays are read: the counter of losses, and what is known of a source beside its types.

    `infinities`: whether the counts that DuckDB gives for infinite dates mean that. `whole`: where, in
    which columns, texts are whole numbers.
    """

    losses: Losses
    infinities: bool = False
    whole: Mapping[int, Whole] = {}


def arrow_batches(batches: Iterator[Arrow], how: Conversion) -> Iterator[Batch]:
    """Record batches of Arrow, cut to at most 65,536 rows, as batches of parts."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            yield Batch(
                [_column(array, how.whole.get(index), how) for index, array in enumerate(part.columns)], len(part)
            )


def _column(array: Arrow, whole: Whole | None, how: Conversion) -> Part:
    if whole is None:
        return arrow_part(array, how)
    if whole != "number":
        values = [read_whole_numbers(value, whole) for value in json_values(array, how)]
        return parts.spelled(column_cells(values, how.losses))
    digits = _digits(array)
    return digits if isinstance(digits, Part) else arrow_part(digits, how)


def _digits(array: Arrow) -> Arrow | Part:
    """Texts of digits as integers of any size."""
    arrow = library("pyarrow")
    try:
        return array.cast(arrow.int64())
    except arrow.ArrowInvalid:
        return parts.of_values([None if text is None else int(text) for text in array.to_pylist()])


def arrow_part(array: Arrow, how: Conversion) -> Part:
    """An Arrow array as a part. Raises `InputError` for a value that no rule covers."""
    array = _plain(array)
    kind, rows = str(array.type), len(array)
    if kind == "null" or array.null_count == rows:
        return parts.nulls(rows)
    if kind in _INTEGERS:
        bits, numbers = array.buffers()
        return parts.integers(_INTEGERS[kind], numbers, rows, array.offset, bits)
    if kind in _DECIMALS:
        bits, numbers = array.buffers()
        part, infinite = parts.decimals(_DECIMALS[kind], numbers, rows, array.offset, bits)
        how.losses.add(INFINITE, infinite)
        return part
    if kind == "bool":
        bits, flags = array.buffers()
        return parts.flags(flags, rows, array.offset, bits)
    if kind in _TEXTS:
        return _text_part(array)
    if kind.startswith("dictionary"):
        return _coded_part(array, how)
    return _other_part(array, how)


def _plain(array: Arrow) -> Arrow:
    """An array in the form that most have: extensions as what they are stored as, views as offsets, runs decoded."""
    arrow = library("pyarrow")
    kind = str(array.type)
    if isinstance(array, arrow.ExtensionArray):
        name = getattr(array.type, "extension_name", "")
        if name == "arrow.uuid":
            return arrow.array([None if value is None else str(value) for value in array.to_pylist()], arrow.string())
        return _plain(array.storage)
    if kind == "string_view":
        return array.cast(arrow.large_string())
    if kind.startswith("run_end_encoded"):
        return _plain(library("pyarrow.compute").run_end_decode(array))
    return array


def _text_part(array: Arrow) -> Part:
    """Texts; coded if the first of them recur: Arrow codes them many times faster than the writer could."""
    first = array.slice(0, _SAMPLE)
    if 2 * len(first.unique()) <= len(first):
        return _codes(array.dictionary_encode())
    bits, offsets, data = array.buffers()
    return parts.texts(_TEXTS[str(array.type)], offsets, data, len(array), array.offset, bits)


def _coded_part(array: Arrow, how: Conversion) -> Part:
    dictionary = array.dictionary
    is_plain = str(dictionary.type) in _TEXTS and not dictionary.null_count
    # A dictionary that is mostly not used is not worth going through.
    if not is_plain or len(dictionary) > len(array):
        return arrow_part(array.dictionary_decode(), how)
    return _codes(array)


def _codes(array: Arrow) -> Part:
    bits, numbers = array.indices.buffers()
    dictionary = array.dictionary
    _, offsets, data = dictionary.buffers()
    words = parts.texts(_TEXTS[str(dictionary.type)], offsets, data, len(dictionary), dictionary.offset)
    kind = _INTEGERS[str(array.indices.type)]
    return parts.coded(kind, numbers, len(array), words, array.indices.offset, bits)


def _other_part(array: Arrow, how: Conversion) -> Part:
    arrow = library("pyarrow")
    kind = str(array.type)
    if kind.startswith("decimal"):
        return _decimal_part(array)
    if arrow.types.is_nested(array.type):
        return parts.spelled(column_cells(json_values(array, how), how.losses))
    texts = _texts_of(array, how)
    if texts is None:
        return parts.of_cells(column_cells(array.to_pylist(), how.losses))
    return parts.of_values(texts) if isinstance(texts, list) else arrow_part(texts, how)


def _texts_of(array: Arrow, how: Conversion) -> Arrow | list[str | None] | None:
    """What JSON has no form for, as texts: an Arrow array of them, or a list; None for a type that is unknown here."""
    arrow, _ = library("pyarrow"), library("pyarrow.compute")
    kind = str(array.type)
    if kind.startswith("date"):
        return times.texts_of_dates(array, arrow, how.losses, how.infinities)
    if kind.startswith("timestamp"):
        return times.texts_of_moments(array, arrow, how.losses, how.infinities)
    if kind.startswith("time"):
        return times.texts_of_times(array, arrow)
    if kind.startswith("duration"):
        return times.texts_of_durations(array, arrow)
    if kind == "month_day_nano_interval":
        return times.texts_of_intervals(array)
    if "binary" in kind:
        return [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
    return None


def _decimal_part(array: Arrow) -> Part:
    """Without digits after the point an integer, else text with all of them: a price of 1.50 is not 1.5."""
    arrow, compute = library("pyarrow"), library("pyarrow.compute")
    if array.type.scale <= 0:
        try:
            return arrow_part(array.cast(arrow.int64()), Conversion(Losses()))
        except arrow.ArrowInvalid:
            # Beyond 64 bits.
            return parts.of_values([None if value is None else int(value) for value in array.to_pylist()])
    texts = array.cast(arrow.string())
    # Small fractions come with an exponent.
    if compute.any(compute.match_substring(texts, "E")).as_py():
        return parts.of_values([None if value is None else format(value, "f") for value in array.to_pylist()])
    return _text_part(texts)


def json_values(array: Arrow, how: Conversion) -> Sequence[Any]:
    """An array as values of JSON, by the rules that hold for columns, at any depth."""
    arrow = library("pyarrow")
    array = _plain(array)
    types, kind = arrow.types, array.type
    if types.is_dictionary(kind):
        return json_values(array.dictionary_decode(), how)
    if types.is_struct(kind):
        # `field` is the child as it lies there, `flatten` the part of it that these rows are of.
        fields = {kind.field(index).name: json_values(child, how) for index, child in enumerate(array.flatten())}
        rows = [dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True)] if fields else []
        return _with_nulls(rows or [{} for _ in range(len(array))], array)
    if types.is_map(kind):
        # A map is a list of records of two fields.
        entry = arrow.struct([("key", kind.key_type), ("value", kind.item_type)])
        return [_as_record(entries) for entries in json_values(array.cast(arrow.list_(entry)), how)]
    if types.is_nested(kind):
        return _lists(array, how) if hasattr(array, "flatten") else array.to_pylist()
    return _leaves(array, how)


def _leaves(array: Arrow, how: Conversion) -> Sequence[Any]:
    """Values that have no parts."""
    kind = str(array.type)
    if kind in _DECIMALS or kind in _INTEGERS or kind == "bool" or kind in _TEXTS or kind == "null":
        return array.to_pylist()  # type: ignore[no-any-return]
    if kind.startswith("decimal"):
        scale = array.type.scale
        return [_decimal(value, scale) for value in array.to_pylist()]
    texts = _texts_of(array, how)
    values: list[Any] = texts if isinstance(texts, list) else (array if texts is None else texts).to_pylist()
    return values


def _decimal(value: Any, scale: int) -> Any:
    if value is None:
        return None
    return int(value) if scale <= 0 else format(value, "f")


def _with_nulls(values: list[Any], array: Arrow) -> list[Any]:
    if not array.null_count:
        return values
    there = array.is_valid().to_pylist()
    return [value if is_there else None for value, is_there in zip(values, there, strict=True)]


def _lists(array: Arrow, how: Conversion) -> list[Any]:
    """Lists, of all lengths or of one: the values of all rows end to end, cut to rows again."""
    lengths = library("pyarrow.compute").list_value_length(array).to_pylist()
    # `flatten` leaves out what lies under a null.
    values = json_values(array.flatten(), how)
    rows, start = [], 0
    for length in lengths:
        rows.append(None if length is None else list(values[start : start + length]))
        start += length or 0
    return rows


def _as_record(entries: Any) -> Any:
    # Keys of JSON are text; those of a map may be anything.
    return None if entries is None else {str(entry["key"]): entry["value"] for entry in entries}
