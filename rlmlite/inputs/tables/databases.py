"""A table or a query of a SQLite or DuckDB file, which is opened so that nothing can be written or reached through it.

The rows come in the order that the query gives; without ORDER BY a replay may find another, and says so. A database
with a write-ahead log beside it is refused: its file alone does not hold what a query sees.
"""

import base64
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rlmlite.errors import InputError
from rlmlite.inputs.tables.arrows import BATCH, library, read_stream
from rlmlite.inputs.tables.cells import ROWS, Altered, Batch, column
from rlmlite.inputs.tables.places import TableFile
from rlmlite.inputs.tables.table import TableRead
from rlmlite_kernel.program.problems import did_you_mean

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_SQLITE = b"SQLite format 3\0"
_REACHING = frozenset({"load_extension", "readfile", "writefile", "fts3_tokenizer"})


def read_sqlite(path: TableFile, told: dict[str, str]) -> TableRead:
    """A table or query of a SQLite file. Raises `InputError`, `OSError`."""
    _whole(path, "-wal", "-journal")

    def run() -> tuple[sqlite3.Connection, sqlite3.Cursor]:
        connection = sqlite3.connect(f"file:{quote(str(path.at.absolute()))}?mode=ro&immutable=1", uri=True)
        try:
            query = _query(told, path, lambda: _names(connection, _SQLITE_TABLES))
            connection.execute("PRAGMA query_only = ON")
            connection.set_authorizer(_permitted)
            return connection, connection.execute(query)
        except (sqlite3.Error, sqlite3.Warning) as error:
            connection.close()
            raise InputError(f"{path}: {error}{_remedy(error)}") from None
        except InputError:
            connection.close()
            raise

    connection, cursor = run()
    names = tuple(field[0] for field in cursor.description or ())
    connection.close()
    if not names:
        raise InputError(f"{path}: the query gives no rows; write SELECT ...")

    def batches(altered: Altered) -> Iterator[Batch]:
        connection, cursor = run()
        try:
            while rows := cursor.fetchmany(ROWS):
                yield [column(list(map(_plain, values)), altered) for values in zip(*rows, strict=True)]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}") from None
        finally:
            connection.close()

    return TableRead(names, batches, sqlite3.sqlite_version, told)


_SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY 1"
)
_DUCKDB_TABLES = "SELECT table_name FROM information_schema.tables ORDER BY 1"


def _permitted(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Reading alone: no writing, no other file, no setting, no function that reaches outside."""
    reaches = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _REACHING
    return sqlite3.SQLITE_OK if action in _READING and not reaches else sqlite3.SQLITE_DENY


def _remedy(error: Exception) -> str:
    """What to do about an error of SQLite that says too little."""
    denied = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH or isinstance(
        error, sqlite3.Warning | sqlite3.ProgrammingError
    )
    return "; a query is one SELECT that reads this file and nothing else" if denied else ""


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def read_duckdb(path: TableFile, told: dict[str, str]) -> TableRead:
    """A table or query of a DuckDB file. Raises `InputError`, `OSError`."""
    duckdb = library("duckdb")
    _whole(path, ".wal")
    with path.at.open("rb") as file:
        if file.read(len(_SQLITE)) == _SQLITE:  # DuckDB would want an extension for it, and say only that
            raise InputError(f"{path} is a database of SQLite; write sqlite:{path}?...")
    closed = {"enable_external_access": "false", "autoload_known_extensions": "false", "lock_configuration": "true"}

    def run() -> Any:
        try:
            connection = duckdb.connect(str(path.at), read_only=True, config={**closed, "threads": "1"})
            query = _query(told, path, lambda: _names(connection, _DUCKDB_TABLES))
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise InputError(f"{path}: the query is one SELECT, and nothing else")
            return connection.sql(query).to_arrow_reader(BATCH)
        except duckdb.Error as error:
            raise InputError(f"{path}: {str(error).splitlines()[0]}") from None

    found = read_stream(run(), str(path))
    return TableRead(found.names, found.batches, f"{duckdb.__version__}, pyarrow {found.version}", told)


def _whole(path: TableFile, *endings: str) -> None:
    """Refuse a database whose file is not all of it."""
    path.at.stat()
    for beside in (Path(f"{path}{ending}") for ending in endings):
        if beside.exists() and beside.stat().st_size:
            raise InputError(
                f"{path} has changes that lie in {beside.name} beside it; close or checkpoint it, or take a copy"
            )


def _query(told: dict[str, str], path: TableFile, names: Callable[[], list[str]]) -> str:
    """The query that was given, or that of the table that was named."""
    if ("query" in told) is ("table" in told):
        raise InputError(f"{path} needs ?table=NAME or ?query=SELECT ...; it has {', '.join(names()) or 'no tables'}")
    if "query" in told:
        return told["query"]
    known = names()
    if told["table"] not in known:
        near = did_you_mean(told["table"], known) or f"it has {', '.join(known) or 'none'}"
        raise InputError(f"{path} has no table {told['table']}; {near}")
    return 'SELECT * FROM "' + told["table"].replace('"', '""') + '"'


def _names(connection: Any, query: str) -> list[str]:
    return list(itertools.chain.from_iterable(connection.execute(query).fetchall()))
