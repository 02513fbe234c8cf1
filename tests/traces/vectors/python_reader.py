"""Tries the Python verifier with `traces/vectors.json`, section by section, as `vectors.mjs` tries the other one."""

import hashlib
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.canonical import NotCanonicalError, number_text, value_bytes
from rlmlite_kernel.records.merkle import Frontier
from rlmlite_kernel.records.refs import commit, commit_value
from tests.traces.vectors.writing import check_of
from tests.traces.verifier.both import Verdict, folder_in_python, in_python, write_files

Json = Mapping[str, Any]


class Failure(NamedTuple):
    """A vector of which the verifier says something else."""

    section: str
    name: str
    expected: object
    found: object


def failures(vectors: Json) -> Iterator[Failure]:
    """The vectors that the Python verifier does not meet."""
    for section, judge in _SECTIONS.items():
        for vector in vectors[section]:
            name, expected, found = judge(vector, vectors)
            if expected != found:
                yield Failure(section, name, expected, found)


def _line(vector: Json, _: Json) -> tuple[str, object, object]:
    line = bytes_of(vector["line"])
    return str(vector["line"])[:100], vector["check"], check_of(vector["format"], vector["file"], line)


def _number(vector: Json, _: Json) -> tuple[str, object, object]:
    return vector["bits"], vector["text"], number_text(struct.unpack(">d", bytes.fromhex(vector["bits"]))[0])


def _value(vector: Json, _: Json) -> tuple[str, object, object]:
    try:
        found: str | None = value_bytes(msgspec.json.decode(vector["json"])).decode()
    except (msgspec.DecodeError, NotCanonicalError):
        found = None
    return vector["json"], vector["canonical"], found


def _tree(vector: Json, _: Json) -> tuple[str, object, object]:
    frontier = Frontier()
    for leaf in vector["leaves"]:
        frontier.add(bytes.fromhex(leaf))
    return f"{len(vector['leaves'])} leaves", vector["root"], frontier.root()


def _ref(vector: Json, _: Json) -> tuple[str, object, object]:
    if "key" in vector:
        return "value", vector["ref"], commit_value(bytes.fromhex(vector["key"]), bytes.fromhex(vector["descriptor"]))
    digest = hashlib.sha256(bytes.fromhex(vector["content"])).digest()
    return "blob", vector["ref"], commit(bytes.fromhex(vector["salt"]), digest)


def _id(vector: Json, _: Json) -> tuple[str, object, object]:
    return vector["id"], vector["id"], request_id(*vector["place"])


def _trace(vector: Json, vectors: Json) -> tuple[str, object, object]:
    said = vector["verdict"]
    expected = Verdict(**(said | {"nested": tuple(map(tuple, said.get("nested", ())))}))
    files, root = files_in(vector, vectors), vector.get("root")
    is_plain = not expected.nested and expected.error != "TraceMissingError" and "blobs/notes.txt" not in files
    is_plain = is_plain and "atLeast" not in vector
    if is_plain:
        return (
            vector["name"],
            expected,
            in_python(files, root),
        )  # no folder is needed, and a hundred of them take a second
    with tempfile.TemporaryDirectory() as folder:
        place = write_files(Path(folder) / "a.rlm", files)
        return vector["name"], expected, folder_in_python(place, root, vector.get("atLeast", "OPEN"))


_SECTIONS: Final[dict[str, Callable[[Json, Json], tuple[str, object, object]]]] = {
    "lines": _line,
    "numbers": _number,
    "values": _value,
    "trees": _tree,
    "refs": _ref,
    "ids": _id,
    "traces": _trace,
}


def bytes_of(said: Any) -> bytes:
    """Bytes as the file spells them."""
    if isinstance(said, dict):
        return bytes.fromhex(said["hex"])
    pieces = [said] if isinstance(said, str) else said
    return "".join(piece if isinstance(piece, str) else piece["repeat"] * piece["times"] for piece in pieces).encode()


def files_in(vector: Json, vectors: Json) -> dict[str, bytes]:
    """The files of a trace: those of its base, with its own over them."""
    files: dict[str, bytes] = {}
    if "base" in vector:
        base = next(each for each in vectors["traces"] if each["name"] == vector["base"])
        files = files_in(base, vectors)
        files = {name: content for name, content in files.items() if name not in vector["without"]}
    for name, said in vector["files"].items():
        if isinstance(said, dict) and "lines" in said:
            whole = files[name].split(b"\n")
            for at, line in said["lines"].items():
                whole[int(at)] = bytes_of(line).removesuffix(b"\n")
            files[name] = b"\n".join(whole)
        else:
            files[name] = bytes_of(said)
    return files
