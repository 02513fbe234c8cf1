"""The files of `rows`: a log, one table in every format, minified JSON; the same bytes on every machine.

Sizes are bytes for texts and rows for tables. Each file is made once, in the folder of `logs.made_once`.
The table is defined by arithmetic in one SQL query, so that every format holds the same rows.
"""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.logs import made_once
from benchmarks.measure import MB

_VERSION = 2
"""Of these definitions. A change of one makes new files."""

_FIRST_DAY = date(2026, 1, 1)
_DATE = b"@@@@-@@-@@"
_LEVELS = ("INFO",) * 7 + ("WARN",) * 2 + ("ERROR",)
_PARTS = ("auth.sshd", "db.Pool", "dfs.DataNode", "net.Router", "web.Gateway")

SALES = """
SELECT
  i AS id,
  CAST(DATE '2024-01-01' + CAST(i * 365 // {rows} AS INTEGER) AS VARCHAR) AS day,
  ['north', 'south', 'east', 'west', 'centre', 'islands', 'online', 'abroad'][1 + h // 7 % 8] AS region,
  'shop ' || h // 11 % 500 AS shop,
  'item-' || h // 13 % 20000 AS item,
  1 + h // 17 % 9 AS qty,
  (100 + h // 19 % 50000) / 100 AS price,
  1 + h // 23 % 100000 AS cost,
  h // 29 % 3 > 0 AS paid,
  CASE WHEN h // 31 % 16 = 0 THEN 'said "no", left' WHEN h // 31 % 16 < 4 THEN NULL ELSE 'ok' END AS note
FROM (SELECT i, (i * 2654435761 + 12345) % 2147483647 AS h FROM range({rows}) AS numbers(i))
"""
"""Ten columns: `h` scatters the row's number. About 70 bytes a row as CSV."""

_SQLITE = "CREATE TABLE sales (id INT, day TEXT, region TEXT, shop TEXT, item TEXT, qty INT, price REAL, cost INT, "
_SQLITE += "paid INT, note TEXT)"


def log(size: int) -> Path:
    """Lines of six fields, one in ten of them an ERROR, about 75 bytes each; one line in 500 is of another form."""
    return made_once(f"rows-{_VERSION}-{size}.log", lambda path: _write(path, _days(size)))


def minified(size: int) -> Path:
    """JSON on a single line, in which ERROR occurs in every fifth record."""
    return made_once(f"rows-{_VERSION}-{size}.min.json", lambda path: _write(path, _minified(size)))


def table(kind: str, rows: int) -> Path:
    """The sales as one of `csv`, `jsonl`, `parquet`, `arrow`, `sqlite`, `duckdb`."""
    write = partial(_WRITERS[kind], SALES.format(rows=rows))
    return made_once(f"rows-{_VERSION}-{rows}.{kind}", write)


def _write(path: Path, parts: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)


def _days(size: int) -> Iterator[bytes]:
    """One day of lines, again and again, each time with the next date."""
    day = b"".join(_lines(min(size, 10 * MB)))
    for number in range(-(-size // len(day))):
        yield day.replace(_DATE, (_FIRST_DAY + timedelta(days=number)).isoformat().encode())


def _lines(size: int) -> Iterator[bytes]:
    chance, made, number = random.Random(7), 0, 0
    while made < size:
        number += 1
        clock = f"{number // 36_000 % 24:02}:{number // 600 % 60:02}:{number // 10 % 60:02},{chance.randrange(1000):03}"
        who = f"{chance.choice(_PARTS)} user{chance.randrange(1000)}"
        took = f"took {chance.randrange(100_000)} ms over http/1.1"
        line = f"@@@@-@@-@@ {clock} {chance.choice(_LEVELS)} {who} {took}\n".encode()
        if number % 500 == 0:
            line += b"    at web.Gateway.serve(Gateway.java:118)\n"
        made += len(line)
        yield line


def _minified(size: int) -> Iterator[bytes]:
    yield b"["
    made, number = 1, 0
    while made < size:
        level = "ERROR" if number % 5 == 0 else "INFO"
        record = json.dumps(
            {"id": number, "level": level, "text": f"disk {number % 97} is slow"}, separators=(",", ":")
        )
        part = f",{record}".encode() if number else record.encode()
        made, number = made + len(part), number + 1
        yield part
    yield b"]\n"


def _query(sql: str) -> Any:
    return import_module("duckdb").connect().execute(sql)


def _copy(options: str, sql: str, path: Path) -> None:
    _query(f"COPY ({sql}) TO '{path}' ({options})")


def _write_arrow(sql: str, path: Path) -> None:
    batches = import_module("duckdb").connect().sql(sql).to_arrow_reader(100_000)
    with import_module("pyarrow.ipc").new_file(path, batches.schema) as file:
        for batch in batches:
            file.write_batch(batch)


def _write_sqlite(sql: str, path: Path) -> None:
    rows = _query(sql)
    with sqlite3.connect(path) as file:
        file.execute(_SQLITE)
        while some := rows.fetchmany(100_000):
            file.executemany(f"INSERT INTO sales VALUES ({', '.join('?' * 10)})", some)
    file.close()


def _write_duckdb(sql: str, path: Path) -> None:
    with import_module("duckdb").connect(str(path)) as file:
        file.execute(f"CREATE TABLE sales AS {sql}")


_WRITERS: dict[str, Callable[[str, Path], None]] = {
    "csv": partial(_copy, "FORMAT csv, HEADER"),
    "jsonl": partial(_copy, "FORMAT json"),
    "parquet": partial(_copy, "FORMAT parquet"),
    "arrow": _write_arrow,
    "sqlite": _write_sqlite,
    "duckdb": _write_duckdb,
}
