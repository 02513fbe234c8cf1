"""Traces of rows by recipe, columns of a table and lines of a large text: today's kernel computes the same records.

`rows/` has the traces. Their files are made here, since the smallest text whose lines are held by recipe has 16 MiB.
`python tests/traces/replays/test_kept_rows.py NAME` writes one of today's; `columns` is of the version before.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

import rlmlite
from rlmlite.inputs import deriving
from rlmlite_traces import Level, Verdict, replay, verify

FOLDER = Path(__file__).parent / "rows"
KEY = "00" * 31 + "07"

OF_TABLE = """
paid = where(context, .paid and .n > 100)
shops = group(paid, .shop, {n: count(), price: sum(.price), most: max(.n)})
some = where(context, .shop in ["shop 7", "shop 8"])
hits = search(context, "shop 499,", limit=5)
show(some[0:3], hits.line, count_by(hits, .text)[0:2])
final(top(shops, 5, by=.price), evidence=some[0:2])
"""
OF_LINES = """
lines = parse_lines(context, /^(?<day>\\S+) (?<level>\\w+) (?<part>\\S+) (?<user>\\w+) took (?<ms>\\d+) ms/)
errors = extend(where(lines, .level == "ERROR"), {took: int(.ms)})
users = group(errors, .user, {n: count(), total: sum(.took), p95: percentile(.took, 95)})
slow = sort(where(errors, .took > 970), by=.took)
show(count(lines.unmatched), slow[0:3].user, count_by(lines, .level))
final(top(users, 5, by=.total), evidence=slow[0:2])
"""


def _shops() -> bytes:
    rows = (
        f"shop {n * 7919 % 500},{n},{n % 40}.{n * 7 % 100:02},{'true' if n % 3 else 'false'}\n" for n in range(3000)
    )
    return "".join(["shop,n,price,paid\n", *rows]).encode()


def _lines() -> bytes:
    lines = (
        f"2026-11-{n % 28 + 1:02} {'INFO' if n % 10 else 'ERROR'} web user{n * 31 % 97} took {n * 7919 % 1000} ms\n"
        for n in range(5000)
    )
    block = "".join([*lines, "    at web.Gateway.serve(Gateway.java:118)\n"]).encode()
    return block * (-(-(16 << 20) // len(block)))


KEPT = {"columns": ("shops.csv", _shops, OF_TABLE), "columns-2": ("shops.csv", _shops, OF_TABLE)}
KEPT["lines"] = ("lines.log", _lines, OF_LINES)


@pytest.mark.parametrize("name", KEPT)
def test_a_trace_of_rows_replays(name: str, tmp_path: Path) -> None:
    """Refs of rows, groups, percentiles, hits, evidence and charges are what they were."""
    file, content, _ = KEPT[name]
    (tmp_path / file).write_bytes(content())

    replayed = replay(
        verify(FOLDER / f"{name}.rlm", at_least=Level.SEALED), {"context": tmp_path / file}, derive=deriving()
    )

    assert (replayed.difference, replayed.missing) == (None, {})
    assert replayed.verdict is Verdict.REPRODUCED


def _write(name: str) -> None:
    """A trace of today's version. Its file is in a folder of its own, which the trace does not name."""
    file, content, program = KEPT[name]
    place = FOLDER / f"{name}.rlm"
    shutil.rmtree(place, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path(file).write_bytes(content())
        rlmlite.execute(program, {"context": Path(file)}, trace=place, run_key=KEY)
    # Of the process and the machine that wrote it, and no part of the trace.
    for other in ("lock", "timing.jsonl", "origin"):
        (place / other).unlink(missing_ok=True)


if __name__ == "__main__":
    _write(sys.argv[1])
