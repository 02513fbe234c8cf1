"""A block of CSV as Arrow arrays of texts, and such an array as numbers or booleans, where that is sure.

pyarrow cuts the block, after the kernel has found that its quotes leave no doubt (`spelled.records`). It reads every
cell as text; what a column's cells are is decided on those texts, and only by what the definition says:

    ["12", "7"]      cast to int64, and each as long as its number: int
    ["12.50", "3"]   cast to double, plain signs, whole parts as long as their numbers: number, with what `Digits` need
    ["x", "7"]       no type is sure: None, and the definition looks at the cells

Not here: what follows from it for the column (`fast_csv`).
"""

from typing import Any, NamedTuple, TypeAlias

from rlmlite.inputs.tables.binary.arrow_columns import Conversion, arrow_part
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite.inputs.tables.texts.delimited.csv_numbers import Digits, gives_back
from rlmlite.inputs.tables.texts.delimited.csv_rows import Cut
from rlmlite.inputs.tables.texts.delimited.csv_types import NULL_WORDS
from rlmlite_kernel.engines.spelled.numbers import are_plain, look_at_decimals, look_at_whole
from rlmlite_kernel.engines.spelled.records import Records, find_records
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

pa: Any = library("pyarrow")
pc: Any = library("pyarrow.compute")
csv: Any = library("pyarrow.csv")

CODED = "coded"
_CODED = pa.dictionary(pa.int32(), pa.string())
_BOM = b"\xef\xbb\xbf"
_WORDS = pa.array(sorted(NULL_WORDS))
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_OF_FEW_TEXTS = (CODED, "bool")


class Typed(NamedTuple):
    """A column of a type: its array, and for numbers what they look like; `filled` is how many cells have a value.

    `null_word` is the row of the first word that stands for null, and `null_words` how many there are.
    """

    kind: str
    array: Arrow
    digits: Digits
    filled: int
    null_words: int = 0
    null_word: int = -1


class Block(NamedTuple):
    """A block that was read: where its records are, its columns as texts, and typed where they were asked to be.

    `parts` are the columns as their types have them, or as texts where they were asked to be text.
    """

    records: Records
    texts: list[Arrow]
    typed: list[Typed | None]
    parts: list[Part | None]


def read_block(block: memoryview, cut: Cut, kinds: list[str], is_last: bool) -> Block | None:
    """The columns of a block, or None where the definition must read it. `kinds` are the types to try.

    `int` tries `number` too, `text` nothing; `coded` is text of which many cells are equal.
    """
    if block[: len(_BOM)] == _BOM:
        return None
    quote = None if cut.quote is None else ord(cut.quote)
    records = find_records(block, ord(cut.delimiter), quote, is_last)
    if records is None or records.size != len(block):
        return None
    texts = _texts(block, cut, kinds, records)
    if texts is None:
        return None
    typed = [type_texts(array, kind) for array, kind in zip(texts, kinds, strict=True)]
    return Block(records, texts, typed, list(map(_part, texts, kinds, typed)))


def _part(array: Arrow, kind: str, typed: Typed | None) -> Part | None:
    """The column as a part: here, because threads do it side by side."""
    if typed is None:
        return arrow_part(array, Conversion(Losses())) if kind in ("text", CODED) else None
    return parts.nulls(len(array)) if typed.kind == "null" else arrow_part(typed.array, Conversion(Losses()))


def _texts(block: memoryview, cut: Cut, kinds: list[str], records: Records) -> list[Arrow] | None:
    names = [str(number) for number in range(len(kinds))]
    # Coded as they are cut, such texts take half the time that it takes to code them afterwards.
    types = {name: _CODED if kind in _OF_FEW_TEXTS else pa.string() for name, kind in zip(names, kinds, strict=True)}
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(use_threads=False, block_size=max(len(block), 1024), column_names=names),
            csv.ParseOptions(
                delimiter=cut.delimiter, quote_char=cut.quote or False, newlines_in_values=records.joins_lines
            ),
            csv.ConvertOptions(
                check_utf8=False,
                column_types=types,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(records.starts):
        return None
    return list(map(whole_column, table.columns))


def whole_column(column: Arrow) -> Arrow:
    """A column of a table as one array. Where it is one already it is not copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def type_texts(array: Arrow, kind: str) -> Typed | None:
    """The texts as a type, where that is sure, or None."""
    if kind in ("text", CODED, "date"):
        return None
    if array.null_count == len(array):
        return Typed("null", array, Digits(), 0)
    if kind == "bool":
        return _booleans(array)
    there = _without_nulls(array)
    return _numbers(array, there, kind) if are_plain(_data(there)) else _numbers_among_others(array, kind)


def _numbers_among_others(array: Arrow, kind: str) -> Typed | None:
    """Numbers with spaces around them, or among words for null."""
    plain = pc.utf8_trim(array, " ")
    is_word = pc.is_in(plain, _WORDS)
    words = pc.sum(is_word).as_py() or 0
    numbers = pc.if_else(pc.or_(is_word, pc.equal(plain, "")), pa.scalar(None, pa.string()), plain)
    there = _without_nulls(numbers)
    if not len(there) or not are_plain(_data(there)):
        return None
    typed = _numbers(numbers, there, kind)
    return typed and typed._replace(null_words=words, null_word=pc.index(is_word, True).as_py() if words else -1)


def _numbers(array: Arrow, there: Arrow, kind: str) -> Typed | None:
    # What holds whole numbers so far may turn out to hold others.
    typed = _whole(array, there) if kind == "int" else None
    return typed or (_decimals(array, there) if kind in ("int", "number") else None)


def _whole(array: Arrow, there: Arrow) -> Typed | None:
    try:
        numbers = pc.cast(array, pa.int64())
    except pa.ArrowInvalid:
        return None
    seen = look_at_whole(_cuts(there), _data_of_numbers(numbers.drop_null()), len(there))
    if seen is None:
        return None
    digits = Digits()
    if seen.any_but_zero:
        digits.decimals, digits.whole = frozenset((0,)), True
    digits.rounded = seen.any_large
    return Typed("int", numbers, digits, len(there))


def _decimals(array: Arrow, there: Arrow) -> Typed | None:
    try:
        numbers = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return None
    plain = numbers.drop_null()
    points = pc.find_substring(there, ".")
    seen = look_at_decimals(_cuts(there), _data(there), _data_of_numbers(points), _data_of_numbers(plain), len(there))
    if seen is None:
        return None
    digits = Digits()
    digits.decimals, digits.whole, digits.fractional = seen.decimals, seen.whole, seen.fractional
    digits.point_zero, digits.zero_at_end = seen.point_zero, seen.zero_at_end
    digits.rounded = seen.long and not _give_back(there, plain)
    return Typed("number", numbers, digits, len(there))


def _give_back(texts: Arrow, numbers: Arrow) -> bool:
    """Whether every number gives back its digits: most are spelled as pyarrow spells them too."""
    differ = pc.not_equal(texts, pc.cast(numbers, pa.string()))
    return all(map(gives_back, texts.filter(differ).to_pylist()))


def _booleans(array: Arrow) -> Typed | None:
    """Coded texts as booleans: what each text of the dictionary says, handed out by code."""
    words = array.dictionary.to_pylist()
    if not set(words) <= {*_TRUE, *_FALSE}:
        return None
    flags = pa.array([word in _TRUE for word in words], pa.bool_())
    return Typed("bool", flags.take(array.indices), Digits(), len(array) - array.null_count)


def _without_nulls(array: Arrow) -> Arrow:
    """The values that are there, in buffers of their own."""
    there = array.drop_null()
    return there if there.offset == 0 else pa.concat_arrays([there.slice(0, 0), there])


def _cuts(texts: Arrow) -> memoryview:
    return memoryview(texts.buffers()[1])[4 * texts.offset :]


def _data(texts: Arrow) -> memoryview:
    """The bytes of texts that are not a part of a larger array."""
    _, cuts, data = texts.buffers()
    return memoryview(data)[: memoryview(cuts).cast("i")[len(texts)]]


def _data_of_numbers(numbers: Arrow) -> memoryview:
    return memoryview(numbers.buffers()[1])[numbers.type.bit_width // 8 * numbers.offset :]
