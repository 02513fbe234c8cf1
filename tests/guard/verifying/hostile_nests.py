"""Nests of format 1, whose calls say their ids themselves, so that one id can stand at many steps."""

import json
from pathlib import Path
from typing import Any

from rlmlite_kernel.records.merkle import Frontier, leaf, root_of
from tests.traces.format.old_traces import KEPT

OLD = KEPT / "nested.rlm"
ID = "a16869445505776c4de49fadadf63df8"


def write_nest(place: Path, *, steps: int, levels: int, id_: str = ID) -> str:
    """A trace with one id at each of its steps, and below it another such trace, and so on; its root."""
    below = write_nest(place / "nested" / f"{ID}.rlm", steps=steps, levels=levels - 1) if levels else "0" * 64
    return write_level(place, steps, id_, below)


def write_level(place: Path, steps: int, id_: str, below: str) -> str:
    """One trace whose steps all call the nested run `below`, by its root."""
    kept = [json.loads(line) for line in (OLD / "trace.jsonl").read_text("utf-8").splitlines()]
    call = json.loads((OLD / "effects.jsonl").read_text("utf-8"))
    genesis = kept[0]
    template = next(record for record in kept if record.get("effects"))
    records, lines = [genesis], []
    for number in range(1, steps + 1):
        mine = call | {"step": number, "id": id_, "child": call["child"] | {"root": below}}
        lines.append(_line(mine))
        effects = {"failed": 0, "n": 1, "ok": 1, "root": root_of([lines[-1]])}
        state = [genesis["state"], genesis["state"]]
        records.append(template | {"turn": 0, "step": number, "effects": effects, "state": state})
    place.mkdir(parents=True, exist_ok=True)
    whole, root = _chained(records)
    (place / "trace.jsonl").write_bytes(whole)
    (place / "effects.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (place / "blobs.jsonl").write_bytes((OLD / "blobs.jsonl").read_bytes())
    return root


def _chained(records: list[dict[str, Any]]) -> tuple[bytes, str]:
    tree, previous, lines = Frontier(), "0" * 64, []
    for seq, record in enumerate(records):
        line = _line(record | {"seq": seq, "prev": previous})
        tree.add(leaf(line))
        previous = leaf(line).hex()
        lines.append(line + b"\n")
    return b"".join(lines), tree.root()


def _line(item: dict[str, Any]) -> bytes:
    return json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
