"""The shapes in JavaScript are those of the record types in Python, field by field: whoever adds one is told here."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from rlmlite_kernel.records.call_lines import CallLine, CallsHead
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.records import AnyRecord
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces.viewer.verifier import source
from tests.traces.verifier.both import node

KINDS: Final[tuple[type[msgspec.Struct], ...]] = (*get_args(AnyRecord), CallsHead, CallLine)

READ: Final = """
const { source, lines, settings, sources } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const reader = new Function(source + "; return rlmliteVerifier;")();
const bytes = (text) => new TextEncoder().encode(text);
const attempt = (run) => { try { run(); return ""; } catch (error) { return error.message; } };
console.log(JSON.stringify([
  ...lines.map(([read, line]) => attempt(() => reader.FORMAT_TWO[read](bytes(line), 0))),
  ...settings.map((text) => attempt(() => reader.settingsShape(reader.readJson(text)))),
  ...sources.map((text) => attempt(() => reader.sourceShape(reader.readJson(text)))),
]));
"""


def samples(hint: Any) -> Iterator[Any]:
    """JSON of a type: first with every field, then with those only that must be there."""
    info = msgspec.inspect.type_info(hint)
    yield _sample(info, is_full=True)
    yield _sample(info, is_full=False)


PLAIN: Final[dict[type[msgspec.inspect.Type], Any]] = {
    msgspec.inspect.IntType: 77,
    msgspec.inspect.FloatType: 0.5,
    msgspec.inspect.BoolType: True,
    msgspec.inspect.StrType: "x",
}
"""A value of each type that holds no others. One that is not here is a type that no field had before."""


def _sample(info: msgspec.inspect.Type, *, is_full: bool) -> Any:
    def inner(each: msgspec.inspect.Type) -> Any:
        return _sample(each, is_full=is_full)

    match info:
        case msgspec.inspect.StructType():
            wanted = [field for field in info.fields if is_full or field.required or info.array_like]
            values = {field.encode_name: inner(field.type) for field in wanted}
            if info.array_like:
                return list(values.values())
            return values if info.tag_field is None else {info.tag_field: info.tag, **values}
        case msgspec.inspect.UnionType(types=types):
            some = [each for each in types if not isinstance(each, msgspec.inspect.NoneType)]
            return inner(some[0]) if is_full or not info.includes_none else None
        case msgspec.inspect.DictType(value_type=value):
            return {"a": inner(value)}
        case msgspec.inspect.VarTupleType(item_type=item):
            return [inner(item)]
        case msgspec.inspect.TupleType(item_types=items):
            return [inner(item) for item in items]
        case msgspec.inspect.LiteralType(values=values):
            return values[-1]
    return PLAIN[type(info)]


def test_both_know_the_same_fields() -> None:
    """A line of each record and call with every field, one with the least, settings and sources are read by both."""
    lines = []
    for kind in KINDS:
        for document in samples(kind):
            canonical = record_bytes(msgspec.convert(document, kind)).decode()
            lines.append(["callItem" if kind in (CallsHead, CallLine) else "record", canonical])
    asked: dict[str, Any] = {"source": source(), "lines": lines}
    asked |= {
        name: [json.dumps(each) for each in samples(kind)]
        for name, kind in (("settings", Settings), ("sources", Source))
    }

    done = subprocess.run([node(), "-e", READ], input=json.dumps(asked).encode(), capture_output=True, check=True)

    assert [said for said in json.loads(done.stdout) if said] == []
