"""The questions of `rows`, answered by other engines. Run as a process: ENGINE KIND PATH THREADS.

Each answer is printed as one JSON list per line, best first: a key and its numbers. The definitions are ours: the 95th
percentile is the smallest number that 95 percent do not exceed, and a null is in no group of `paid and qty > 3`.
Nothing of rlmlite is imported here, so that a process pays for its own engine alone.
"""

import json
import os
import re
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, TypeAlias

Answer: TypeAlias = Iterable[tuple[Any, ...]]

FIELDS = ("day", "time", "level", "part", "user", "ms")
LINE = r"^(\S+) (\S+) (\w+) (\S+) (\w+) took (\d+) ms"
"""A line of the log: six fields, all of them for us."""

READ = {"level": 3, "user": 5, "ms": 6}
"""The fields that the question reads, with their groups. Only these are extracted: six take DuckDB twice as long."""


def line_of_read_fields() -> str:
    """`LINE` with groups for these alone."""
    numbers = iter(range(1, len(FIELDS) + 1))
    return re.sub(r"\(([^)]*)\)", lambda group: group[0] if next(numbers) in READ.values() else group[1], LINE)


MEMORY = 4 * 1024**3
"""Bytes that a process may allocate: more is a failure of its own, and not the machine's."""

TABLES = ("csv", "jsonl", "parquet", "arrow", "sqlite", "duckdb")
"""The kinds of files that hold the same table."""

_OF_SALES = """
SELECT shop, count(*), sum(qty), sum(price), sum(cost) FROM {source}
WHERE paid AND qty > 3 GROUP BY shop ORDER BY sum(cost) DESC LIMIT 10
"""
_OF_LOG = """
SELECT parts.user, count(*), sum(parts.ms::BIGINT), quantile_disc(parts.ms::BIGINT, 0.95) FROM (
  SELECT regexp_extract(line, '{line}', {fields}) AS parts
  FROM read_csv('{path}', columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false,
                delim = '\\x01', quote = '', escape = '')
) WHERE parts.level = 'ERROR' GROUP BY parts.user ORDER BY sum(parts.ms::BIGINT) DESC LIMIT 10
"""


def nearest_rank(sorted_numbers: Any) -> Any:
    """The 95th percentile."""
    return sorted_numbers[(95 * len(sorted_numbers) + 99) // 100 - 1]


# DuckDB


def duckdb(kind: str, path: str, threads: int) -> Answer:
    """One query. DuckDB has no reader for an Arrow file, so it is handed over as a mapped table."""
    connection = import_module("duckdb").connect(config={"threads": threads})
    if kind == "log":
        return connection.execute(_OF_LOG.format(path=path, line=line_of_read_fields(), fields=list(READ))).fetchall()  # type: ignore[no-any-return]
    source = f"'{path}'"
    if kind == "jsonl":
        source = f"read_ndjson('{path}')"
    if kind == "duckdb":
        connection.execute(f"ATTACH '{path}' AS file (READ_ONLY)")
        source = "file.sales"
    if kind == "arrow":
        pyarrow = import_module("pyarrow")
        connection.register("sales", pyarrow.ipc.open_file(pyarrow.memory_map(path)).read_all())
        source = "sales"
    return connection.execute(_OF_SALES.format(source=source)).fetchall()  # type: ignore[no-any-return]


# polars


def polars(kind: str, path: str, threads: int) -> Answer:
    """A lazy plan, run by the streaming engine. It reads the number of threads when it is imported."""
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    pl = import_module("polars")
    return _polars_log(pl, path) if kind == "log" else _polars_sales(pl, kind, path)


def _polars_log(pl: Any, path: str) -> Answer:
    names = [f"(?P<{name}>" for name in READ]
    pattern = re.sub(r"\(", lambda _: names.pop(0), line_of_read_fields())
    lines = pl.scan_csv(path, separator="\x01", has_header=False, quote_char=None, schema={"line": pl.String})
    fields = lines.select(pl.col("line").str.extract_groups(pattern).alias("at")).unnest("at")
    errors = fields.filter(pl.col("level") == "ERROR").with_columns(pl.col("ms").cast(pl.Int64))
    ranked = pl.col("ms").sort().get((95 * pl.len() + 99) // 100 - 1)
    users = errors.group_by("user").agg(pl.len().alias("n"), pl.col("ms").sum().alias("total"), ranked.alias("p95"))
    return users.sort("total", descending=True).head(10).collect(engine="streaming").rows()  # type: ignore[no-any-return]


def _polars_sales(pl: Any, kind: str, path: str) -> Answer:
    scans = {"csv": pl.scan_csv, "jsonl": pl.scan_ndjson, "parquet": pl.scan_parquet, "arrow": pl.scan_ipc}
    sold = scans[kind](path).filter(pl.col("paid") & (pl.col("qty") > 3))
    sums = [pl.col(name).sum() for name in ("qty", "price", "cost")]
    shops = sold.group_by("shop").agg(pl.len().alias("n"), *sums)
    return shops.sort("cost", descending=True).head(10).collect(engine="streaming").rows()  # type: ignore[no-any-return]


# pandas


def pandas(kind: str, path: str, threads: int) -> Answer:
    """Whole columns in memory. Its own work is on one thread, whatever `threads`."""
    pd = import_module("pandas")
    return _pandas_log(pd, path) if kind == "log" else _pandas_sales(pd, kind, path)


def _pandas_log(pd: Any, path: str) -> Answer:
    lines = pd.read_csv(path, sep="\x01", header=None, names=["line"], quoting=3)["line"]
    fields = lines.str.extract(line_of_read_fields())
    fields.columns = list(READ)
    errors = fields[fields["level"] == "ERROR"]
    errors = errors.assign(ms=errors["ms"].astype("int64"))
    users = errors.groupby("user")["ms"].agg(["count", "sum", lambda ms: nearest_rank(ms.sort_values().tolist())])
    return users.sort_values("sum", ascending=False).head(10).itertuples(name=None)  # type: ignore[no-any-return]


def _pandas_sales(pd: Any, kind: str, path: str) -> Answer:
    used = ["shop", "qty", "price", "cost", "paid"]
    reads: dict[str, Callable[[], Any]] = {
        "csv": lambda: pd.read_csv(path, usecols=used),
        "jsonl": lambda: pd.read_json(path, lines=True),
        "parquet": lambda: pd.read_parquet(path, columns=used),
        "arrow": lambda: pd.read_feather(path, columns=used),
    }
    sales = reads[kind]()
    shops = sales[sales["paid"] & (sales["qty"] > 3)].groupby("shop")
    sums = shops.agg(n=("qty", "size"), qty=("qty", "sum"), price=("price", "sum"), cost=("cost", "sum"))
    return sums.sort_values("cost", ascending=False).head(10).itertuples(name=None)  # type: ignore[no-any-return]


# Python's own modules: re, csv, json, sqlite3


def python(kind: str, path: str, threads: int) -> Answer:
    """A loop over lines or rows, as a script would have it."""
    answers = {"log": _python_log, "minified": _python_minified, "sqlite": _python_sqlite}
    return answers.get(kind, _python_sales)(path)


def _python_log(path: str) -> Answer:
    match, users = re.compile(line_of_read_fields().encode()).match, dict[bytes, list[int]]()
    with open(path, "rb") as lines:
        for line in lines:
            at = match(line)
            if at is not None and at[1] == b"ERROR":
                users.setdefault(at[2], []).append(int(at[3]))
    rows = [(user.decode(), len(ms), sum(ms), nearest_rank(sorted(ms))) for user, ms in users.items()]
    return sorted(rows, key=lambda row: -row[2])[:10]


def _python_sales(path: str) -> Answer:
    sums: dict[str, list[float]] = {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = map(json.loads, file) if path.endswith("jsonl") else import_module("csv").DictReader(file)
        for row in rows:
            qty = int(row["qty"])
            if row["paid"] in (True, "true") and qty > 3:
                mine = sums.setdefault(row["shop"], [0, 0, 0.0, 0])
                for place, number in enumerate((1, qty, float(row["price"]), int(row["cost"]))):
                    mine[place] += number
    best = sorted(sums.items(), key=lambda item: -item[1][3])[:10]
    return [(shop, *numbers) for shop, numbers in best]


def _python_sqlite(path: str) -> Answer:
    return import_module("sqlite3").connect(path).execute(_OF_SALES.format(source="sales"))  # type: ignore[no-any-return]


def _python_minified(path: str) -> Answer:
    """How often each line occurs among those of the first 2,000 hits; the lines themselves are not printed."""
    counts: Counter[str] = Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            counts[line] += min(2_000 - counts.total(), line.count("ERROR"))
    return [(number,) for number in counts.values()]


# awk: the shell replaces this process

_AWK_LOG = """
awk '$3 == "ERROR" && $6 == "took" { print $5, $7 }' "$0" | sort -k1,1 -k2,2n | awk '
function close_user() { if (n) print s, user, n, v[int((95 * n + 99) / 100)] }
$1 != user { close_user(); user = $1; n = 0; s = 0 }
{ v[++n] = $2; s += $2 }
END { close_user() }' | sort -rn 2>/dev/null | head -n 10 | awk '{ printf "[\\"%s\\", %d, %d, %d]\\n", $2, $3, $1, $4 }'
"""
_AWK_CSV = """
awk -F, '$9 == "true" && $6 > 3 { n[$4]++; q[$4] += $6; p[$4] += $7; c[$4] += $8 }
END { for (shop in n) printf "%d,[\\"%s\\", %d, %d, %.9f, %d]\\n", c[shop], shop, n[shop], q[shop], p[shop], c[shop] }
' "$0" | sort -rn 2>/dev/null | head -n 10 | cut -d, -f2-
"""


def awk(kind: str, path: str, threads: int) -> Answer:
    """Fields between blanks or commas: it looks at no quotes, which is right here as they are in the last column."""
    script = {"log": _AWK_LOG, "csv": _AWK_CSV}[kind]
    os.execvpe("sh", ["sh", "-c", script, path], {**os.environ, "LC_ALL": "C"})


ENGINES: dict[str, tuple[Callable[[str, str, int], Answer], tuple[str, ...]]] = {
    "duckdb": (duckdb, ("log", "csv", "jsonl", "parquet", "arrow", "duckdb")),
    "polars": (polars, ("log", "csv", "jsonl", "parquet", "arrow")),
    "pandas": (pandas, ("log", "csv", "jsonl", "parquet", "arrow")),
    "python": (python, ("log", "csv", "jsonl", "sqlite", "minified")),
    "awk": (awk, ("log", "csv")),
}
"""Each engine, and the kinds of files that it can answer about."""


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    engine, kind, path, threads = sys.argv[1:]
    for row in ENGINES[engine][0](kind, path, int(threads)):
        print(json.dumps([each.item() if hasattr(each, "item") else each for each in row]))
