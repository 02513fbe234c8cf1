"""A large file of JSON Lines, block by block in threads by pyarrow, and what is in doubt by the definition.

The idea is that of `fast_csv`: guess that the file goes on as it begins, and check it everywhere. The definition reads
the first lines, and so finds the keys and the type of each. Threads read blocks of lines by this schema, strictly: a
line that is not one record, another key, a value of another type, a key that comes twice are errors, and the block is
read by the definition. What comes of a value does not depend on the others, so nothing that went out is ever wrong, but
for the columns themselves:

    {"a":1,"b":"x"}          first lines: a is int, b is text
    {"a":2.5}                an error in its block: the definition reads it, and from here on `a` is a double
    {"a":"x"}                the same; of a key with several types all blocks are read by the definition
    {"c":1}, "restart"       a column more: the definition looks for all of them, and the file is read again

Keys whose values are lists or records are read by the definition, and so is a file that has one among its first lines.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from rlmlite.inputs.tables.binary.arrow_columns import Conversion, arrow_part
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.engines.spelled.records import Records, are_enclosed, find_records
from rlmlite_kernel.values.tables.parts import Part

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

pa: Any = library("pyarrow")
pc: Any = library("pyarrow.compute")
json: Any = library("pyarrow.json")

_FEED = 10
_EXACT = 2.0**53
_ARROW: Mapping[str, Any] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.string(),
    "bool": pa.bool_(),
    "none": pa.string(),
}
"""The types of values by name. Of what is always null the first value decides: until then any type will do."""


class LineBlock(NamedTuple):
    """A block that was read: where its lines are, and its columns."""

    records: Records
    columns: list[Part]


def read_lines(block: memoryview, types: Mapping[str, str], is_last: bool) -> LineBlock | None:
    """The columns of a block of lines, or None where the definition must read it."""
    records = find_records(block, _FEED, None, is_last)
    # So no record spans two lines: one that goes on after a line's last brace cannot go on with a brace.
    if records is None or records.size != len(block) or not are_enclosed(block, records, b"{", b"}"):
        return None
    table = _read(block, types)
    if table is None or table.num_rows != len(records.starts):
        return None
    columns = list(map(whole_column, table.columns))
    if not all(map(_is_exact, columns)):
        return None
    return LineBlock(records, [arrow_part(column, Conversion(Losses())) for column in columns])


def _read(block: memoryview, types: Mapping[str, str]) -> Arrow | None:
    schema = pa.schema([(key, _ARROW[kind]) for key, kind in types.items()])
    try:
        return json.read_json(
            pa.BufferReader(block),
            json.ReadOptions(use_threads=False, block_size=max(len(block), 1024)),
            json.ParseOptions(explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return None


def whole_column(column: Arrow) -> Arrow:
    """A column of a table as one array. Where it is one already it is not copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _is_exact(column: Arrow) -> bool:
    """Whether doubles are what JSON says: whole numbers are exact up to 2^53, and JSON has no NaN."""
    if column.type != pa.float64() or column.null_count == len(column):
        return True
    # NaN is in no range, and a comparison with it is false.
    return bool(pc.all(pc.less(pc.abs(column), _EXACT)).as_py())
