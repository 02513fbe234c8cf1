"""SQLite and DuckDB: the rows of one table or one SELECT, from a file opened so that a query can only read it.

A query comes from the command line, but people copy queries from elsewhere, so each database is locked down:

- SQLite: `mode=ro&immutable=1`, `query_only`, an untrusted schema, limits on lengths, nothing in temporary files, and
  an authorizer that permits nothing but reading this file.
- DuckDB: read-only, without external access, in limited memory, with its configuration locked; the statement must be
  one SELECT.

That is the inner of two fences: both run in a worker, whose time and memory are limited whatever a query does.

Rows come in the order that the query gives. Without ORDER BY a replay may see another order, and then reports another
content. A database with a write-ahead log or journal beside it is refused: the file alone, which is what gets hashed,
is not what a query would see.
"""

import base64
import itertools
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rlmlite.errors import InputError
from rlmlite.inputs.tables.binary.arrow_tables import BATCH, read_stream
from rlmlite.inputs.tables.binary.database_columns import spell_for_arrow, sqlite_batches
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.binary.whole_numbers import Whole
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS, Batch, Losses
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.tables.writer import Batch as ColumnBatch

_READING_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_DECLARED_COLUMNS = frozenset({"type", "name", "tbl_name", "rootpage", "sql"})
_STORED_BY_RTREE = ("_node", "_rowid", "_parent")
_VIRTUAL_SETTINGS = frozenset({"data_version", "page_size"})
"""What SQLite asks leave for when it opens a virtual table (FTS, rtree, `json_each`), though it only reads: to declare
its columns, to prepare the statements by which it would be changed, to read two settings. The file stays read-only."""

_OUTSIDE_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "fts3_tokenizer"})
"""Functions that some builds of SQLite have and that reach beyond the database file."""

_SQLITE_MAGIC = b"SQLite format 3\0"
_SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY 1"
)
_VIRTUAL_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"
_SHADOWS = ["config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments", "stat"]
"""What FTS and rtree add to the name of a table for the tables that they keep its content in."""

_DUCKDB_TABLES = "SELECT table_name FROM information_schema.tables ORDER BY 1"
_DUCKDB_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
    # With several, rows of a query without ORDER BY would change places from run to run.
    "threads": "1",
    # What does not fit into memory would be written beside the database, or into the current folder.
    "temp_directory": "",
    "max_temp_directory_size": "0B",
}
_DUCKDB_SHARE = 0.75
"""What DuckDB may count of the memory of its worker. Arrow and the cells need the rest."""

_MAX_LENGTH = 128 * 1024 * 1024
"""Bytes of one value of SQLite, whose own limit is a billion: `zeroblob` makes one of any size from nothing."""

_SQLITE_LIMITS: Mapping[int, int] = {
    sqlite3.SQLITE_LIMIT_LENGTH: _MAX_LENGTH,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
_SQLITE_SETTINGS = (
    "PRAGMA query_only = ON",
    # Functions and virtual tables that reach outside are refused in views and defaults, which are the file's words.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    # A worker can write no file.
    "PRAGMA temp_store = MEMORY",
)


def read_sqlite(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a table or query of a SQLite file. See `TableReader`."""
    # The query runs once here for its column names, and again in `batches`: nothing stays open in between.
    connection, cursor = _run_sqlite(path, options)
    names = tuple(field[0] for field in cursor.description or ())
    connection.close()
    if not names:
        raise InputError(f"{path}: the query returns no columns; write SELECT ...")

    def batches(losses: Losses) -> Iterator[Batch]:
        # A new connection for every reading, closed when the rows end or the reader stops early.
        connection, cursor = _run_sqlite(path, options)
        try:
            while rows := cursor.fetchmany(ROWS):
                cells = []
                for column in zip(*rows, strict=True):
                    # SQLite's columns have no fixed type, so a blob may stand in any of them.
                    values = list(map(_without_bytes, column))
                    cells.append(column_cells(values, losses))
                yield cells
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}") from None
        finally:
            connection.close()

    def columns(losses: Losses) -> Iterator[ColumnBatch]:
        return sqlite_batches(lambda: _run_sqlite(path, options), names, losses, str(path))

    return OpenTable(names, batches, sqlite3.sqlite_version, options, columns=columns)


def _run_sqlite(path: TableFile, options: dict[str, str]) -> tuple[sqlite3.Connection, sqlite3.Cursor]:
    uri = f"file:{quote(str(path.at.absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        _lock_sqlite(connection)
        query = _choose_query(options, path, lambda: _list_tables(connection))
        connection.set_authorizer(_authorize)
        return connection, connection.execute(query)
    except (sqlite3.Error, sqlite3.Warning) as error:
        connection.close()
        raise InputError(f"{path}: {error}{_remedy(error)}") from None
    except InputError:
        connection.close()
        raise


def _list_tables(connection: sqlite3.Connection) -> list[str]:
    """The tables and views, without those in which virtual tables keep their content: `notes_data` of `notes`."""
    virtual = _list_names(connection, _VIRTUAL_TABLES)
    names = _list_names(connection, _SQLITE_TABLES)
    shadows = {f"{owner}_{part}" for owner in virtual for part in _SHADOWS}
    return [name for name in names if name not in shadows]


def _lock_sqlite(connection: sqlite3.Connection) -> None:
    """Settings and limits, before anything is read. The authorizer comes after them: it would refuse them too."""
    for limit, amount in _SQLITE_LIMITS.items():
        connection.setlimit(limit, amount)
    # Python 3.12 and later can set it. Without it, only tables that SQLite keeps for itself can be written, and this
    # connection writes nothing.
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting)


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite's authorizer: reading only. No writing, no other file, no setting, no function that reaches outside."""
    # Of a function call, SQLite passes the name as the second text. Names are case-insensitive there.
    function = (second or "").lower()
    reaches_outside = action == sqlite3.SQLITE_FUNCTION and function in _OUTSIDE_FUNCTIONS
    is_reading = action in _READING_ACTIONS and not reaches_outside
    if is_reading or _opens_virtual_table(action, first or "", second):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _opens_virtual_table(action: int, first: str, second: str | None) -> bool:
    """Whether this is what opening a virtual table asks for."""
    match action:
        case sqlite3.SQLITE_UPDATE:
            return first == "sqlite_master" and second in _DECLARED_COLUMNS
        case sqlite3.SQLITE_INSERT | sqlite3.SQLITE_DELETE:
            return first.endswith(_STORED_BY_RTREE)
        case sqlite3.SQLITE_PRAGMA:
            return first in _VIRTUAL_SETTINGS and second is None
    return False


def _remedy(error: Exception) -> str:
    """What to do about an error of SQLite that says too little, such as `not authorized`."""
    denied = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH
    several_statements = isinstance(error, sqlite3.Warning | sqlite3.ProgrammingError)
    hint = "; a query must be one SELECT that reads this file and nothing else"
    if denied or several_statements:
        return hint
    # A view may use only functions that SQLite holds harmless; older versions do not count those of JSON among them.
    if str(error).startswith("unsafe use of"):
        return " in a view; write the SELECT of the view as ?query=..."
    # Any other error, such as a syntax error, says enough by itself.
    return ""


def _without_bytes(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def read_duckdb(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a table or query of a DuckDB file. See `TableReader`."""
    duckdb = library("duckdb")
    with path.at.open("rb") as file:
        # DuckDB would ask for an extension that the lock forbids, and say nothing of SQLite.
        if file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC:
            raise InputError(f"{path} is a SQLite database; write sqlite:{path}?...")
    stream, whole = _run_duckdb(duckdb, path, options)
    table = read_stream(stream, str(path), infinities=True, whole=whole)
    version = f"{duckdb.__version__}, pyarrow {table.version}"
    return OpenTable(table.names, table.batches, version, options, columns=table.columns)


def _run_duckdb(duckdb: Any, path: TableFile, options: dict[str, str]) -> tuple[Any, Mapping[int, Whole]]:
    """The rows as an Arrow stream, and where in which columns texts are whole numbers."""
    try:
        memory = f"{round(path.memory * _DUCKDB_SHARE)}B"
        connection = duckdb.connect(str(path.at), read_only=True, config={**_DUCKDB_LOCKED, "memory_limit": memory})
        query = _choose_query(options, path, lambda: _list_names(connection, _DUCKDB_TABLES))
        # Read-only mode still permits COPY and the like, so the statement itself is looked at.
        statements = connection.extract_statements(query)
        is_one_select = len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
        if not is_one_select:
            raise InputError(f"{path}: a query must be one SELECT, and nothing else")
        relation, whole = spell_for_arrow(connection.sql(query))
        return relation.to_arrow_reader(BATCH), whole
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        raise InputError(f"{path}: {first_line}") from None


def _choose_query(options: dict[str, str], path: TableFile, list_tables: Callable[[], list[str]]) -> str:
    """The query to run: the given one, or all rows of the given table. Raises `InputError`."""
    has_query, has_table = "query" in options, "table" in options
    if has_query is has_table:
        listed = ", ".join(list_tables()) or "no tables"
        raise InputError(f"{path} needs ?table=NAME or ?query=SELECT ...; it has {listed}")
    if has_query:
        return options["query"]
    # Looked up first, because the error of the database for a missing table suggests nothing.
    name = options["table"]
    tables = list_tables()
    if name not in tables:
        listed = ", ".join(tables) or "none"
        hint = did_you_mean(name, tables) or f"it has {listed}"
        raise InputError(f"{path} has no table {name}; {hint}")
    # A name in SQL: in double quotes, with those inside it doubled.
    quoted = name.replace('"', '""')
    return f'SELECT * FROM "{quoted}"'


def _list_names(connection: Any, query: str) -> list[str]:
    # Rows of one column each.
    rows = connection.execute(query).fetchall()
    return list(itertools.chain.from_iterable(rows))
