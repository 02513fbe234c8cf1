"""Traces of format 1 that break one of its rules: a kept one with a line alter, and all hashes recomputed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rlmlite_kernel.records.merkle import leaf, root_of
from tests.traces.format.sealed_trace import Files

KEPT = Path(__file__).parents[3] / "traces" / "golden" / "1"

Json = dict[str, Any]
Change = Callable[[list[Json], list[Json]], None]
"""Alters the records and the calls of a trace in place."""


def alter(change: Change, name: str = "fan-out") -> Files:
    """The files of a kept trace after a change, with roots and chain recomputed."""
    folder = KEPT / f"{name}.rlm"
    records, calls = (_read(folder / file) for file in ("trace.jsonl", "effects.jsonl"))
    change(records, calls)
    lines = [_line(call) for call in calls]
    _rehash(records, lines)
    return {
        "trace.jsonl": b"".join(_line(record) + b"\n" for record in records),
        "effects.jsonl": b"".join(line + b"\n" for line in lines),
        "blobs.jsonl": (folder / "blobs.jsonl").read_bytes(),
    }


def alter_blob(old: bytes, new: bytes) -> Files:
    """The files of a kept trace whose first blob line is spelled otherwise."""
    files = alter(lambda records, calls: None)
    first, newline, rest = files["blobs.jsonl"].partition(b"\n")
    assert old in first
    return files | {"blobs.jsonl": first.replace(old, new, 1) + newline + rest}


def first_step(records: list[Json]) -> Json:
    """The first step that made calls."""
    return next(record for record in records if record.get("effects"))


def _rehash(records: list[Json], lines: list[bytes]) -> None:
    taken, previous = 0, "0" * 64
    for record in records:
        if record.get("effects"):
            count = record["effects"]["n"]
            record["effects"]["root"] = root_of(lines[taken : taken + count])
            taken += count
        record["prev"] = previous
        previous = leaf(_line(record)).hex()


def _read(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _line(item: Json) -> bytes:
    return json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _other_format(records: list[Json], calls: list[Json]) -> None:
    records[1]["v"] = 3


def _other_state(records: list[Json], calls: list[Json]) -> None:
    records[2]["state"][0] = "a" * 64


def _other_count(records: list[Json], calls: list[Json]) -> None:
    first_step(records)["effects"]["failed"] += 1


def _id_twice(records: list[Json], calls: list[Json]) -> None:
    calls[1]["id"] = calls[0]["id"]


OLD_BROKEN: dict[str, Callable[[], Files]] = {
    "format": lambda: alter(_other_format),
    "state": lambda: alter(_other_state),
    "effects-count": lambda: alter(_other_count),
    "effects-id": lambda: alter(_id_twice),
    "one-content": lambda: alter_blob(b'"text":', b'"size":1000000,"text":'),
    "ref": lambda: alter_blob(b'"ref":"', b'"ref":"g'),
    "salt": lambda: alter_blob(b'"salt":"', b'"salt":"0'),
}
