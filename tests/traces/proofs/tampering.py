"""Every leaf of a proof's JSON, altered: texts, numbers, and what is empty."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec

from rlmlite_traces import READER_LIMITS, Verdict
from rlmlite_traces.errors import TraceError
from rlmlite_traces.proofs.check import check
from rlmlite_traces.proofs.form import StepProof, decode_proof, encode_canonically, encode_proof

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all leaves: scalars, and containers without anything in them."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    else:
        yield path


def changes(value: Any) -> list[Any]:
    """What may stand in place of a leaf."""
    match value:
        case bool():
            return [not value]
        case None:
            return ["x", 1]
        case int() | float():
            return [value + 1, value - 1]
        case str():
            middle = len(value) // 2
            letter = "a" if value[middle : middle + 1] != "a" else "b"
            others = [f"{value}x", value[1:], value[:middle] + letter + value[middle + 1 :]]
            return [other for other in others if other != value]
        case dict():
            return [{"x": "y"}]
    return [["x"]]


def tampered(proof: StepProof) -> Iterator[tuple[Path, Any, bytes]]:
    """The file with each change of each leaf, spelled canonically: the path, what stands there then, and the bytes."""
    whole = msgspec.json.decode(encode_proof(proof))
    for path in leaves(whole):
        leaf = _at(whole, path)
        for change in changes(leaf):
            other = copy.deepcopy(whole)
            _at(other, path[:-1])[path[-1]] = change
            yield path, change, encode_canonically(other) + b"\n"


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def is_accepted(data: bytes, root: str | None = None) -> bool:
    """Whether a file is taken for a proof of what the kernel computes."""
    try:
        return check(decode_proof(data, READER_LIMITS), root).verdict is Verdict.REPRODUCED
    except TraceError:
        return False
