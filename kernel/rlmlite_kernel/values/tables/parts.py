"""Parts: some rows of one column, as a reader has them in memory, without one Python object for each.

Arrow's buffers fit as they are, whatever library made them: numbers of a C type, texts as offsets and bytes, a bitmap
that says where a value is. Readers that only have Python's values use `of_values`.

    integers("i", buffer, 3)                       three 32-bit numbers
    texts("i", offsets, data, 2, bits=bitmap)      two texts, of which the bitmap may leave out one
    of_values([1, None, "a"])                      mixed, so each is spelled as a cell of a sheet

A `Part` is what all of these become. `concatenate` and `Part.slice` cut them anew, and the writer chooses the form in
which a segment stores them.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray, join_ranges
from rlmlite_kernel.engines.sums import are_whole
from rlmlite_kernel.records.canonical import number_text

RawBuffer: TypeAlias = Any
"""Whatever offers its bytes by Python's buffer protocol: `bytes`, a `memoryview`, a buffer of Arrow."""

Kind: TypeAlias = Literal["null", "int", "float", "bool", "text", "coded", "spelled"]

_EXACT: Final = 2**53
_NO_BYTES = np.zeros(0, np.uint8)
_TRUE, _FALSE, _NULL = "true", "false", "null"


class Part(NamedTuple):
    """Some rows of a column. `valid` is None where every row has a value.

    data: int64, float64 or bool for each row; of texts, coded and spelled cells the bytes, which `offsets` cut.
    codes: for each row the number of its text.
    """

    kind: Kind
    rows: int
    valid: BoolArray | None
    data: npt.NDArray[Any]
    offsets: IntArray | None = None
    codes: IntArray | None = None

    def slice(self, start: int, stop: int) -> "Part":
        """Rows start..stop-1."""
        if (start, stop) == (0, self.rows):
            return self
        valid = None if self.valid is None else self.valid[start:stop]
        rows = stop - start
        if self.codes is not None:
            return self._replace(rows=rows, valid=valid, codes=self.codes[start:stop])
        if self.offsets is not None:
            return self._replace(rows=rows, valid=valid, offsets=self.offsets[start : stop + 1])
        return self._replace(rows=rows, valid=valid, data=self.data[start:stop])

    def text(self, number: int) -> bytes:
        """The bytes of one text, by its place in `offsets`."""
        assert self.offsets is not None
        return self.data[int(self.offsets[number]) : int(self.offsets[number + 1])].tobytes()


def nulls(rows: int) -> Part:
    """Rows without a value."""
    return Part("null", rows, np.zeros(rows, bool), _NO_BYTES)


def integers(kind: str, data: RawBuffer, rows: int, first: int = 0, bits: RawBuffer | None = None) -> Part:
    """Whole numbers of a C type (`b` `h` `i` `q`, or unsigned in capitals), from number `first` of the buffer on."""
    numbers = _numbers(kind, data, rows, first)
    valid = _valid(bits, rows, first)
    if kind == "Q" and _reach(numbers, valid) > np.iinfo(np.int64).max:
        spelled: list[Any] = numbers.tolist()
        return of_values(spelled if valid is None else _with_nulls(spelled, valid))
    return Part("int", rows, valid, _without_nulls(numbers.astype(np.int64), valid))


def decimals(kind: str, data: RawBuffer, rows: int, first: int = 0, bits: RawBuffer | None = None) -> tuple[Part, int]:
    """Decimals (`f` or `d`). NaN and infinity are no values; returns how many infinite ones there were too."""
    numbers = _numbers(kind, data, rows, first).astype(np.float64)
    valid = _valid(bits, rows, first)
    finite = np.isfinite(numbers)
    infinite = 0
    if not finite.all():
        infinite = int(np.isinf(numbers if valid is None else numbers[valid]).sum())
        valid = finite if valid is None else valid & finite
    # Adding 0.0 turns -0.0 into 0.0.
    return Part("float", rows, valid, _without_nulls(numbers + 0.0, valid)), infinite


def flags(data: RawBuffer, rows: int, first: int = 0, bits: RawBuffer | None = None) -> Part:
    """Truth values, one bit for each."""
    valid = _valid(bits, rows, first)
    return Part("bool", rows, valid, _without_nulls(_bits(data, rows, first), valid))


def texts(
    kind: str, offsets: RawBuffer, data: RawBuffer, rows: int, first: int = 0, bits: RawBuffer | None = None
) -> Part:
    """Texts in UTF-8: row r is the bytes from `offsets[first + r]` to the next offset (`i` or `q`)."""
    cuts = _numbers(kind, offsets, rows + 1, first).astype(np.int64) if rows else np.zeros(1, np.int64)
    valid = _valid(bits, rows, first)
    part = Part("text", rows, valid, np.frombuffer(data, np.uint8) if data is not None else _NO_BYTES, cuts)
    if valid is None:
        return part
    # Arrow leaves open what lies under a null.
    lengths = np.diff(cuts)
    return part if not lengths[~valid].any() else take_texts(part, np.flatnonzero(valid), valid)


def coded(
    kind: str, codes: RawBuffer, rows: int, dictionary: Part, first: int = 0, bits: RawBuffer | None = None
) -> Part:
    """Texts by their number in a dictionary, which is a part of texts without nulls."""
    numbers = _numbers(kind, codes, rows, first).astype(np.int64)
    valid = _valid(bits, rows, first)
    return Part("coded", rows, valid, dictionary.data, dictionary.offsets, _without_nulls(numbers, valid))


def of_values(values: Sequence[Any]) -> Part:
    """Python's values: None, bool, int, float (finite), str; lists and records come spelled, see `spelled`.

    Raises `UnicodeEncodeError` for a text that is not valid Unicode.
    """
    kinds = set(map(type, values))
    valid = None
    if type(None) in kinds:
        kinds.discard(type(None))
        valid = np.fromiter((value is not None for value in values), bool, len(values))
    if not kinds:
        return nulls(len(values))
    if kinds == {str}:
        return _gather("text", [b"" if value is None else value.encode() for value in values], valid)
    there = values if valid is None else [value for value in values if value is not None]
    if kinds == {bool}:
        return Part("bool", len(values), valid, _spread(there, valid, np.bool_))
    if kinds == {int} and max(there) < 2**63 and min(there) >= -(2**63):
        return Part("int", len(values), valid, _spread(there, valid, np.int64))
    if kinds <= {int, float} and _are_exact(there):
        return Part("float", len(values), valid, _spread(there, valid, np.float64) + 0.0)
    return spelled([_spell(value) for value in values])


def _are_exact(numbers: Sequence[Any]) -> bool:
    return all(type(number) is float or abs(number) <= _EXACT for number in numbers)


def spelled(cells: Sequence[str | None]) -> Part:
    """Cells as a sheet spells them (`values.tables.sheets`); None and `null` are null."""
    valid = np.fromiter((cell is not None and cell != _NULL for cell in cells), bool, len(cells))
    contents = [b"" if cell is None or cell == _NULL else cell.encode() for cell in cells]
    return _gather("spelled", contents, None if valid.all() else valid)


def of_cells(cells: Sequence[str | None]) -> Part:
    """Cells as a sheet spells them, as what they say: `"a"` and `"b"` are texts, `1` and `2` integers.

    Raises `UnicodeEncodeError` for a text that is not valid Unicode.
    """
    firsts = {cell[0] for cell in cells if cell is not None and cell != _NULL}
    if firsts <= {'"'}:
        return of_values([None if cell is None or cell == _NULL else cell[1:-1] for cell in cells])
    if firsts <= {"t", "f"}:
        return of_values([None if cell is None or cell == _NULL else cell == _TRUE for cell in cells])
    if firsts <= _NUMBER_BEGINS:
        return of_values([None if cell is None or cell == _NULL else _read_number(cell) for cell in cells])
    return spelled(cells)


_NUMBER_BEGINS = frozenset("-0123456789")


def _read_number(cell: str) -> int | float:
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)


def _spell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    return str(value) if isinstance(value, int) else number_text(value)


def concatenate(parts: Sequence[Part]) -> Part:
    """Parts of one column, one below the other."""
    rows = sum(part.rows for part in parts)
    if len(parts) == 1:
        return parts[0]
    parts = [narrow(part) for part in parts]
    kinds = {part.kind for part in parts} - {"null"}
    if not kinds:
        return nulls(rows)
    if kinds == {"text", "coded"}:
        return concatenate([expand(part) for part in parts])
    if kinds == {"int", "float"}:
        parts = [as_decimals(part) if part.kind == "int" else part for part in parts]
        kinds = {part.kind for part in parts} - {"null"}
    if len(kinds) > 1:
        parts, kinds = [spell_part(part) for part in parts], {"spelled"}
    kind, valid = kinds.pop(), _joined_valid(parts)
    if kind == "coded":
        return _join_coded(parts, rows, valid)
    if kind in ("text", "spelled"):
        return _join_texts(kind, parts, rows, valid)
    data = [np.zeros(part.rows, _TYPES[kind]) if part.kind == "null" else part.data for part in parts]
    return Part(kind, rows, valid, np.concatenate(data))


_TYPES: dict[str, Any] = {"int": np.int64, "float": np.float64, "bool": np.bool_}


def _joined_valid(parts: Sequence[Part]) -> BoolArray | None:
    if all(part.valid is None for part in parts):
        return None
    return np.concatenate([np.ones(part.rows, bool) if part.valid is None else part.valid for part in parts])


def _join_texts(kind: Any, parts: Sequence[Part], rows: int, valid: BoolArray | None) -> Part:
    offsets, data = [np.zeros(1, np.int64)], []
    base = 0
    for part in parts:
        if part.offsets is None:
            offsets.append(np.full(part.rows, base, np.int64))
            continue
        first, last = int(part.offsets[0]), int(part.offsets[-1])
        offsets.append(part.offsets[1:] - first + base)
        data.append(part.data[first:last])
        base += last - first
    return Part(kind, rows, valid, np.concatenate([_NO_BYTES, *data]), np.concatenate(offsets))


def _join_coded(parts: Sequence[Part], rows: int, valid: BoolArray | None) -> Part:
    """One dictionary after the other; the writer removes what is in it twice."""
    dictionaries = [part._replace(rows=len(part.offsets) - 1) for part in parts if part.offsets is not None]
    joined = _join_texts("coded", dictionaries, rows, valid)
    codes, base = [], 0
    for part in parts:
        if part.codes is None or part.offsets is None:
            codes.append(np.zeros(part.rows, np.int64))
            continue
        codes.append(part.codes + base if part.valid is None else np.where(part.valid, part.codes + base, 0))
        base += len(part.offsets) - 1
    return joined._replace(codes=np.concatenate(codes))


def as_decimals(part: Part) -> Part:
    """Whole numbers as decimals, or spelled if one of them would not be exact."""
    if len(part.data) and max(-int(part.data.min()), int(part.data.max())) > _EXACT:
        return spell_part(part)
    return part._replace(kind="float", data=part.data.astype(np.float64))


def expand(part: Part) -> Part:
    """Coded texts as texts."""
    if part.codes is None:
        return part
    texts_of = part._replace(kind="text", codes=None)
    return take_texts(texts_of, part.codes if part.valid is None else part.codes[part.valid], part.valid)


def take_texts(part: Part, numbers: IntArray, valid: BoolArray | None) -> Part:
    """The texts with these numbers, one below the other; where `valid` says no, an empty one stands between them."""
    assert part.offsets is not None
    starts = part.offsets[numbers]
    lengths = part.offsets[numbers + 1] - starts
    data = join_ranges(part.data, starts, lengths)
    rows = len(numbers) if valid is None else len(valid)
    spread = np.zeros(rows, np.int64)
    spread[slice(None) if valid is None else valid] = lengths
    return Part(part.kind, rows, valid, data, np.concatenate([np.zeros(1, np.int64), np.cumsum(spread)]))


def spell_part(part: Part) -> Part:
    """Any part as spelled cells."""
    if part.kind in ("spelled", "null"):
        return part
    cells: list[bytes | None]
    if part.offsets is not None:
        plain = expand(part)
        cells = [b'"' + plain.text(row) + b'"' for row in range(part.rows)]
    elif part.kind == "bool":
        cells = [(_TRUE if value else _FALSE).encode() for value in part.data.tolist()]
    elif part.kind == "int":
        cells = [str(value).encode() for value in part.data.tolist()]
    else:
        cells = [number_text(value).encode() for value in part.data.tolist()]
    there = [True] * part.rows if part.valid is None else part.valid.tolist()
    return _gather("spelled", [cell if ok else b"" for cell, ok in zip(cells, there, strict=True)], part.valid)  # type: ignore[misc]


def narrow(part: Part) -> Part:
    """A part as the narrowest kind that holds its values.

    Decimals that are all whole are whole numbers, spelled cells of one kind are of that kind, a part without a value is
    nulls. A part that was cut from another may be narrower than that.
    """
    if part.valid is not None and not part.valid.any():
        return nulls(part.rows)
    if part.valid is not None and part.valid.all():
        part = part._replace(valid=None)
    if part.kind == "float" and bool(are_whole(part.data).all()):
        return part._replace(kind="int", data=part.data.astype(np.int64))
    if part.kind == "spelled" and _may_be_of_one_kind(part):
        there = [True] * part.rows if part.valid is None else part.valid.tolist()
        return of_cells([part.text(row).decode() if is_there else None for row, is_there in enumerate(there)])
    return part


def _may_be_of_one_kind(part: Part) -> bool:
    """Whether the cells begin as those of one kind do."""
    assert part.offsets is not None
    places = part.offsets[:-1] if part.valid is None else part.offsets[:-1][part.valid]
    firsts = set(np.unique(part.data[places]).tolist())
    return any(firsts <= kind for kind in _KINDS_BY_FIRST)


_KINDS_BY_FIRST = [set(b'"'), set(b"tf"), set(b"-0123456789")]


def _gather(kind: Kind, contents: Sequence[bytes], valid: BoolArray | None) -> Part:
    lengths = np.fromiter(map(len, contents), np.int64, len(contents))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Part(kind, len(contents), valid, np.frombuffer(b"".join(contents), np.uint8), offsets)


def _spread(values: Sequence[Any], valid: BoolArray | None, kind: Any) -> npt.NDArray[Any]:
    """Values at their places, zero at the others."""
    if valid is None:
        return np.array(values, kind)
    data = np.zeros(len(valid), kind)
    data[valid] = np.array(values, kind)
    return data


def _numbers(kind: str, data: RawBuffer, rows: int, first: int) -> npt.NDArray[Any]:
    numbers = np.frombuffer(data, np.dtype(kind).newbyteorder("<"), count=rows, offset=first * np.dtype(kind).itemsize)
    return numbers


def _bits(data: RawBuffer, rows: int, first: int) -> BoolArray:
    """Bits first..first+rows-1, the lowest of each byte first."""
    whole = np.frombuffer(data, np.uint8, count=(first + rows + 7) // 8 - first // 8, offset=first // 8)
    bits = np.unpackbits(whole, bitorder="little")[first % 8 : first % 8 + rows]
    return bits.view(np.bool_)


def _valid(bits: RawBuffer | None, rows: int, first: int) -> BoolArray | None:
    if bits is None:
        return None
    valid = _bits(bits, rows, first)
    return None if valid.all() else valid


def _without_nulls(data: npt.NDArray[Any], valid: BoolArray | None) -> npt.NDArray[Any]:
    """The data with zeros where there is no value."""
    return data if valid is None else np.where(valid, data, np.zeros(1, data.dtype))


def _with_nulls(values: list[Any], valid: BoolArray) -> list[Any]:
    return [value if there else None for value, there in zip(values, valid.tolist(), strict=True)]


def _reach(numbers: npt.NDArray[Any], valid: BoolArray | None) -> int:
    there = numbers if valid is None else numbers[valid]
    return int(there.max(initial=0))
