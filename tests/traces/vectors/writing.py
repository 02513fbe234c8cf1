"""`traces/vectors.json`: cases by which any reader of traces can be tried, in any language.

`python -m tests.traces.vectors.writing` writes the file; a test holds it to what is computed here.

    lines     one line of a file, and the rule that it breaks, if any
    numbers   the bits of a number (binary64, hex), and how `value/1` spells it
    values    JSON, and its canonical form
    trees     leaf hashes, their root, and the inclusion proof of each
    refs      salt and content, or key and descriptor, and the ref
    ids       the place of a call, and its id
    traces    the files of a trace, a known root, and the verdict. A trace with a `base` has the files of that one but
              for those in `without`; a file of its own is whole, or `{"lines": {"4": …}}` of the base's

Bytes are text, or `{"hex": …}` if they are not UTF-8; long ones are a list of texts and `{"repeat": …, "times": …}`.
"""

import json
import random
import re
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.records.canonical import NotCanonicalError, number_text, value_bytes
from rlmlite_kernel.records.merkle import leaf, node, root_of
from rlmlite_kernel.records.refs import commit, commit_value
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.formats import FORMATS
from tests.traces.format.old_traces import OLD_BROKEN
from tests.traces.format.sealed_trace import Files
from tests.traces.format.test_checks import BROKEN
from tests.traces.handmade import state
from tests.traces.vectors import broken_traces, contradictions, redactions, sound_traces
from tests.traces.vectors.lines import LINES
from tests.traces.verifier.both import Verdict, folder_in_python, write_files

FILE: Final = Path(__file__).parents[3] / "traces" / "vectors.json"

Json = dict[str, Any]


def make_vectors() -> Json:
    """All vectors, as JSON."""
    return {
        "about": "Cases for readers of traces, made by tests/traces/vectors/writing.py: see its first lines.",
        "lines": list(_lines()),
        "numbers": list(_numbers()),
        "values": list(_values()),
        "trees": [_tree(size) for size in range(1, 18)],
        "refs": list(_refs()),
        "ids": list(_ids()),
        "traces": list(_traces()),
    }


def _lines() -> Iterator[Json]:
    for format_, file, spelled in LINES:
        line = spelled.encode("utf-8", "surrogateescape")
        yield {"format": format_, "file": file, "line": _bytes(line), "check": check_of(format_, file, line)}


def check_of(format_: int, file: str, line: bytes) -> str:
    """The rule that a line breaks by itself, empty if none."""
    layout = FORMATS[format_]
    read = {"trace.jsonl": layout.record, "effects.jsonl": layout.call_item, "blobs.jsonl": layout.blob}[file]
    try:
        read(line, 0)
    except TraceBrokenError as error:
        return error.check
    return ""


def _numbers() -> Iterator[Json]:
    chance = random.Random(1)
    edges = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1e-6,
        1e-7,
        123456789.25,
        1e16,
        1e20,
        1e21,
        1.5e300,
        5e-324,
        2.0**53,
        -(2.0**63),
    ]
    edges += [float(f"{digits}e{power}") for digits in ("1", "1.2345", "9.999") for power in range(-9, 24, 4)]
    drawn = (struct.unpack(">d", chance.randbytes(8))[0] for _ in range(100))
    for number in [*edges, *(each for each in drawn if abs(each) < float("inf"))]:
        yield {"bits": struct.pack(">d", number).hex(), "text": number_text(number)}


_SPELLED: Final = (
    '{"b": 1.0, "a": 1e21}', '[1, -0, 0.10, 1e2, 100000000000000000000000000000000001, 1E-7]', '"\\u00e9\\/\\u0001\\n"',
    '{"\\ud83d\\ude00": 1, "\\uffff": 2, "": 3, "é": 4}', '{"a": 1, "a": 2}', "[[], {}, null, true]", " 1 ", "1.50",
    '{"a"x1}', "[1x2]", '["\t"]', "[1e400]", "[,1]", '{"a"', '"a', '{a":1}',
    "[" * 128 + "]" * 128, "[" * 129 + "]" * 129, '"\\ud800"', "1e400", "01", "[1,]", '{"a" 1}', "nul", "", "\u2028",
    '"\u2028\u007f"', "-9007199254740993", "123456789012345678.0",
)  # fmt: skip


def _values() -> Iterator[Json]:
    for spelled in _SPELLED:
        try:
            canonical: str | None = value_bytes(msgspec.json.decode(spelled)).decode()
        except (msgspec.DecodeError, NotCanonicalError):
            canonical = None
        yield {"json": spelled, "canonical": canonical}


def _tree(size: int) -> Json:
    lines = [f"line {number}".encode() for number in range(size)]
    leaves = [leaf(line) for line in lines]
    proofs = [[each.hex() for each in _proof(leaves, at)] for at in range(size)]
    return {"leaves": [each.hex() for each in leaves], "root": root_of(lines), "proofs": proofs}


def _proof(leaves: list[bytes], at: int) -> list[bytes]:
    """The hashes beside the path from a leaf to the root, from the bottom up (RFC 9162)."""
    if len(leaves) == 1:
        return []
    left = 1 << (len(leaves) - 1).bit_length() - 1
    if at < left:
        return [*_proof(leaves[:left], at), _head(leaves[left:])]
    return [*_proof(leaves[left:], at - left), _head(leaves[:left])]


def _head(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return node(_head(leaves[:left]), _head(leaves[left:]))


def _refs() -> Iterator[Json]:
    import hashlib

    for content in (b"", b"yes", "Zoë".encode(), bytes(range(256)), b"x" * 1_000):
        salt = hashlib.sha256(b"salt" + content).digest()[:16]
        digest = hashlib.sha256(content).digest()
        yield {"salt": salt.hex(), "content": content.hex(), "ref": commit(salt, digest)}
        yield {"key": salt.hex(), "descriptor": content.hex(), "ref": commit_value(salt, content)}


def _ids() -> Iterator[Json]:
    for place in (("r1", 1, 0, 0, 0), ("r1", 12, 3, 1, 999), (state(1)[:32], 1, 0, 0, 1)):
        yield {"place": list(place), "id": request_id(*place)}


def _traces() -> Iterator[Json]:
    for name, make in (sound_traces.SOUND | contradictions.SOUND).items():
        yield _trace(name, make())
    for name, make in BROKEN.items():
        yield _trace(f"{name}: broken", make(), name, "sealed")
    for name, make in redactions.SOUND.items():
        yield _trace(name, make(), base="sealed")
    for name, (expected, make) in redactions.BROKEN.items():
        base = "open" if "open" in name else "redacted" if "a record redacted" in name else "sealed"
        yield _trace(name, make(), expected, base)
    for name, make in OLD_BROKEN.items():
        yield _trace(f"{name}: broken in format 1", make(), name, "format 1")
    for name, (expected, make) in broken_traces.OLD_MORE.items():
        yield _trace(name, make(), expected, "format 1")
    for name, (expected, make) in (broken_traces.MORE_BROKEN | broken_traces.OTHERS_BROKEN).items():
        yield _trace(name, make(), expected, "with a large content" if "large" in name else "sealed")
    for name, make in contradictions.CONTRADICTIONS.items():
        yield _trace(f"nested: {name}", make(), "differs", "nested")
    for name, make in contradictions.OLD_CONTRADICTIONS.items():
        yield _trace(f"nested: {name}", make(), "differs", "format 1, nested")
    yield _trace("a root of another trace", sound_traces.sealed(), "RootMismatchError", "sealed", root=state(1))
    yield _trace("open, where a seal is asked for", sound_traces.open_run(), "LevelError", "sealed", at_least="SEALED")


def _trace(
    name: str, files: Files, expected: str = "", base: str = "", root: str | None = None, at_least: str = "OPEN"
) -> Json:
    with tempfile.TemporaryDirectory() as folder:
        verdict = folder_in_python(write_files(Path(folder) / "a.rlm", files), root, at_least)
    assert expected in (verdict.check or verdict.error, *(standing for _, standing in verdict.nested)), (name, verdict)
    vector: Json = {"name": name, "verdict": _said(verdict)}
    if root is not None:
        vector["root"] = root
    if at_least != "OPEN":
        vector["atLeast"] = at_least
    if base:
        below = (sound_traces.SOUND | contradictions.SOUND)[base]()
        vector |= {"base": base, "without": [each for each in below if each not in files]}
        changed = {each: content for each, content in files.items() if below.get(each) != content}
        return vector | {"files": {each: _against(below.get(each, b""), content) for each, content in changed.items()}}
    return vector | {"files": {each: _bytes(content) for each, content in files.items()}}


def _against(base: bytes, content: bytes) -> Any:
    """A file by the lines that it has otherwise than its base, if it has as many; else whole."""
    mine, its = base.splitlines(keepends=True), content.splitlines(keepends=True)
    if len(mine) != len(its) or not its or not content.endswith(b"\n"):
        return _bytes(content)
    return {"lines": {str(at): _bytes(line) for at, line in enumerate(its) if line != mine[at]}}


def _said(verdict: Verdict) -> Json:
    return {name: value for name, value in verdict._asdict().items() if value or (name == "line" and verdict.check)}


_RUN: Final = re.compile(r"(.{1,5}?)\1{999,}")


def _bytes(content: bytes) -> str | Json | list[Any]:
    """Text as it is, with long runs as `{repeat, times}` between its pieces; other bytes in hex."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}
    run = _RUN.search(text)
    if run is None:
        return text
    return [text[: run.start()], {"repeat": run[1], "times": len(run[0]) // len(run[1])}, text[run.end() :]]


def written() -> str:
    """The text of the file: a line for each vector."""
    vectors = make_vectors()
    sections = [f"{json.dumps(name)}: {_section(content)}" for name, content in vectors.items()]
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _section(content: Any) -> str:
    if isinstance(content, str):
        return json.dumps(content)
    return "[\n" + ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in content) + "\n]"


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size:,} bytes\n")
