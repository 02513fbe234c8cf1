"""The generated parts of `docs/reference/trace-format.md`: fields, and what one is that is left out; examples in hex.

Every number on the page is computed here, so a page that no longer says what the code does fails `make docs-fresh`.
"""

import hashlib
import typing
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from docs.records import spelled_type
from docs.tables import code, table
from rlmlite_kernel.effects.requests import Failure, Form, ProgramForm
from rlmlite_kernel.records.call_lines import CallLine, CallsHead, Rare, request_id
from rlmlite_kernel.records.canonical import number_text, record_bytes
from rlmlite_kernel.records.merkle import leaf, node, root_of
from rlmlite_kernel.records.records import (
    ZERO,
    Addition,
    Checkpoint,
    Child,
    Effects,
    Genesis,
    InputEntry,
    Observed,
    Question,
    Record,
    Redact,
    Remark,
    Seal,
    Span,
    Spoken,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import commit, commit_value
from rlmlite_kernel.records.settings import Sampling
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import descriptor

RECORDS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "genesis": Genesis,
    "question": Question,
    "addition": Addition,
    "turn": Turn,
    "step": Step,
    "checkpoint": Checkpoint,
    "redact": Redact,
    "seal": Seal,
}
PARTS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "input": InputEntry,
    "spoken": Spoken,
    "written (array)": Written,
    "observed": Observed,
    "effects": Effects,
    "remark": Remark,
}
CALLS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "head": CallsHead,
    "call (array)": CallLine,
    "rare": Rare,
    "child": Child,
    "span (array)": Span,
}
_NAMES: Final = {kind: name.partition(" ")[0] for group in (RECORDS, PARTS, CALLS) for name, kind in group.items()}


def fields(kinds: Mapping[str, type[msgspec.Struct]]) -> str:
    """For each shape its fields, each with its type and what it is if it is left out."""
    rows = []
    for name, kind in kinds.items():
        hints = typing.get_type_hints(kind)
        shared = Record.__struct_fields__ if issubclass(kind, Record) else ()
        for field in msgspec.structs.fields(kind):
            if field.name not in shared:
                spelled = spelled_type(hints[field.name], _NAMES)
                rows.append((name, code(field.name), spelled, _default(kind, field)))
    return table(("shape", "field", "type", "if left out"), rows)


def _default(kind: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> str:
    if kind.__struct_config__.array_like:
        return "always written"
    if field.required:
        return "never"
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return code(record_bytes(default).decode() if isinstance(default, msgspec.Struct) else _json(default))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def numbers() -> str:
    """How `value/1` writes some numbers."""
    cases = ("1.0", "-0.0", "0.1", "1e-6", "1e-7", "123456789012345680000.0", "1e21", "5e-324")
    rows = [(code(case), code(number_text(float(case)))) for case in cases]
    return table(("read", "written"), [*rows, (code("9007199254740993"), code("9007199254740993"))])


def hashes() -> str:
    """Leaf hashes of three lines, and the root over them, step by step."""
    lines = [b"a", b"b", b"c"]
    a, b, c = map(leaf, lines)
    rows = [
        ("leaf of `a`: SHA-256 of `0061`", a.hex()),
        ("leaf of `b`: SHA-256 of `0062`", b.hex()),
        ("leaf of `c`: SHA-256 of `0063`", c.hex()),
        ("node of `a` and `b`: SHA-256 of `01`, leaf of `a`, leaf of `b`", node(a, b).hex()),
        ("root: node of that and the leaf of `c`", root_of(lines)),
        ("root over no lines: SHA-256 of nothing", root_of([])),
    ]
    return table(("what", "hex"), [(what, code(found)) for what, found in rows])


def refs() -> str:
    """A ref of content, a ref of a value, and the id of a call."""
    salt, content = bytes(range(16)), b"yes"
    digest = hashlib.sha256(content).digest()
    described = descriptor(Text("ab" * 32, 10, 30))
    rows = [
        ("salt", salt.hex()),
        ("content", content.decode()),
        ("SHA-256 of the content", digest.hex()),
        ("ref: SHA-256 of `02`, salt, SHA-256 of the content", commit(salt, digest)),
        ("descriptor of bytes 10 to 30 of a text with the SHA-256 `abab…`", described.decode()),
        ("ref of that value, under the key `000102…0f`", commit_value(salt, described)),
        ("id of the first call of the first step of turn 1 of run `r1`: of `r1/1/0/0/0`", request_id("r1", 1, 0, 0, 0)),
    ]
    return table(("what", "is"), [(what, code(found)) for what, found in rows])


def example() -> str:
    """A whole trace of three records, as its files are."""
    salt = bytes(range(16))
    contents = (b"{}", b"How many?")
    settings, text = (commit(salt, hashlib.sha256(content).digest()) for content in contents)
    records: list[Record] = [
        Genesis(v=2, run="r1", kernel="1", engines={}, actions="", settings=settings, state="s0"),
        Question(text=text, writes=Written("question", "text", 9, "r"), state="s1"),
        Seal(steps=0, outcome="failed", reason="no_answer", state="s1"),
    ]
    lines: list[bytes] = []
    for seq, record in enumerate(records):
        prev = leaf(lines[-1]).hex() if lines else ZERO
        lines.append(record_bytes(msgspec.structs.replace(record, seq=seq, prev=prev if lines else ZERO)))
    blobs = [_json([salt, content.decode()]) for content in contents]
    files = {"trace.jsonl": [line.decode() for line in lines], "blobs.jsonl": blobs, "effects.jsonl": []}
    shown = [f"{name}:\n" + "".join(f"    {line}\n" for line in found) for name, found in files.items()]
    return "```text\n" + "".join(shown) + f"root:\n    {root_of(lines)}\n```"


def words(name: str) -> str:
    """The words of a closed set, as the checks know it."""
    sets = {"failures": Failure, "forms": Form, "program forms": ProgramForm}
    known = Sampling.__struct_fields__ if name == "sampling" else typing.get_args(sets[name])
    return ", ".join(map(code, known))
