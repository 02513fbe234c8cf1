"""CSV and TSV files: opened with a dialect (`csv_dialect`) and column types (`csv_types`), then read in batches.

The file is read twice when types are inferred: once to find them, once for the rows. Both passes hold one batch at a
time. That is the definition; a large file is read by `fast_csv`, once, to the same rows, types and notes.
"""

import platform
from collections.abc import Iterator, Mapping, Sequence

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, column_names
from rlmlite.inputs.tables.texts.delimited.csv_cells import read_batch
from rlmlite.inputs.tables.texts.delimited.csv_dialect import choose_dialect, recorded
from rlmlite.inputs.tables.texts.delimited.csv_table import CsvTable
from rlmlite.inputs.tables.texts.delimited.csv_types import ColumnType, parse_types
from rlmlite.inputs.tables.texts.lines import TextFile
from rlmlite.inputs.tables.texts.odd import Odd, excerpt
from rlmlite.inputs.tables.texts.pieces import is_worth_it
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.writer import Batch


def read_csv(path: TableFile, options: Mapping[str, str]) -> OpenTable:
    """Open a CSV file. See `TableReader`."""
    file = TextFile(path)
    dialect, inferred = choose_dialect(file, options)
    table = CsvTable(file, dialect)
    names = table.find_names(options)
    typing = Typing(table, _writable_names(path, names), options.get("types", "auto"))
    # Complete after the last row: the fast way finds the types as it goes.
    how = dict(options) | recorded(dialect)

    def batches(losses: Losses) -> Iterator[SpelledBatch]:
        typing.infer()
        odd = Odd()
        for rows in table.batches(len(names), odd):
            yield [column_cells(column, losses) for column in read_batch(rows, typing.kinds(), table, names, odd)]
        finish(odd, losses)

    def columns(losses: Losses) -> Iterator[Batch]:
        odd = Odd()
        fast = _fast(file, table, typing, names, odd)
        yield from _columns(odd, losses) if fast is None else fast
        finish(odd, losses)

    def _columns(odd: Odd, losses: Losses) -> Iterator[Batch]:
        typing.infer()
        for rows in table.batches(len(names), odd):
            starts = parts.of_values([row.place.offset for row in rows])
            stops = parts.of_values([row.stop for row in rows])
            columns = read_batch(rows, typing.kinds(), table, names, odd)
            yield Batch([parts.of_values(column) for column in columns], len(rows), starts, stops)

    def finish(odd: Odd, losses: Losses) -> None:
        for note in (*inferred.notes, *typing.notes()):
            losses.remark(note)
        odd.tell(losses)
        how["types"] = ",".join(typing.kinds())

    why = "; ".join(inferred.why)
    return OpenTable(tuple(names), batches, platform.python_version(), how, why, columns, has_places=True)


def _fast(file: TextFile, table: CsvTable, typing: "Typing", names: Sequence[str], odd: Odd) -> Iterator[Batch] | None:
    """The fast way, or None where there is none."""
    if not is_worth_it(file):
        return None
    from rlmlite.inputs.tables.texts.delimited.fast_csv import FastCsv, can_read  # which imports pyarrow

    return FastCsv(table, typing, names, odd).batches() if can_read(table) else None


class Typing:
    """The types of all columns: those that are given, and those that are found."""

    def __init__(self, table: CsvTable, names: Sequence[str], option: str) -> None:
        """Raises `InputError` for an option that is none."""
        self.given = parse_types(option, names)
        self.found: list[ColumnType] = []
        self.is_known = len(self.given) == len(names)
        self._table, self._names = table, names

    def infer(self) -> None:
        """Find the types that are not given, if they are not found yet."""
        if not self.is_known:
            self.found = self._table.infer_types(len(self._names))
            self.is_known = True

    def kinds(self) -> list[str]:
        """The type of each column."""
        found = [column.kind() for column in self.found] or [""] * len(self._names)
        return [self.given.get(index, kind) for index, kind in enumerate(found)]

    def notes(self) -> Iterator[str]:
        """One note for all columns that stay text and may be meant as the same."""
        columns: dict[str, list[str]] = {}
        for index, column in enumerate(self.found):
            doubt = column.doubt() if column.kind() == "text" and index not in self.given else None
            if doubt is not None:
                meant, (place, cell) = doubt
                columns.setdefault(meant, []).append(f"{self._names[index]} ({excerpt(cell)}, {place.name})")
        for meant, examples in columns.items():
            yield f"columns that can be read {meant} stay text: {', '.join(examples)}; {_REMEDIES[meant]}"


_REMEDIES = {
    "as numbers": "types=NAME:number reads one as numbers",
    "as dates": "dates=dmy or dates=mdy reads them",
    "with a decimal comma": "decimal=comma reads them",
}


def _writable_names(path: TableFile, names: Sequence[str]) -> tuple[str, ...]:
    try:
        return column_names(names)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
