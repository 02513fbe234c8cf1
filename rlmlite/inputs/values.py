"""Values of Python as inputs: text, texts by path, JSON. They are kept in the trace: nobody could find them again."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from rlmlite.errors import InputError
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import NotCanonicalError, value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, Value, documents

Data: TypeAlias = Any
"""An input in Python: text, bytes, a `Path`, a `Url`, texts by path (documents), or JSON (lists, records, scalars)."""


class Url(msgspec.Struct, frozen=True):
    """An input that lies elsewhere, such as `Url("https://host/app.log.gz")`. A bare `str` is a text."""

    url: str


def from_python(value: Data, blobs: Blobs) -> Input:
    """The input that a value in memory is. Raises `InputError`."""
    if isinstance(value, str):
        content = _encoded(value)
        file = SourceFile("", blobs.put(content), len(content))
        return Input(Text(file.digest, 0, file.size), Source("text", files=(file,)), content)
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        return _texts_by_path(value, blobs)
    return _json(value)


def in_memory(found: Input, blobs: Blobs) -> Input:
    """An input with its content, for the trace to keep."""
    files = found.source.files
    if found.source.kind == "text":
        content = bytes(blobs.read(files[0].digest))
    else:
        content = _canonical({file.path: bytes(blobs.read(file.digest)).decode() for file in files})
    return msgspec.structs.replace(found, memory=content)


def _texts_by_path(texts: Mapping[str, str], blobs: Blobs) -> Input:
    contents = {path: _encoded(texts[path]) for path in sorted(texts)}
    files = tuple(SourceFile(path, blobs.put(content), len(content)) for path, content in contents.items())
    value = documents((file.path, file.digest, file.size) for file in files)
    return Input(value, Source("documents", files=files), _canonical(dict(texts)))


def _json(value: Any) -> Input:
    """JSON as it is when it is read back from the trace: tuples are lists, `5.0` is `5`."""
    content = _canonical(value)
    try:
        read: Value = read_json(content.decode())
    except Fault as fault:
        raise InputError(f"the input is not JSON within the limits: {fault.message}") from None
    return Input(read, Source("json"), content)


def _canonical(value: Any) -> bytes:
    try:
        return value_bytes(value)
    except (NotCanonicalError, TypeError, RecursionError) as error:
        raise InputError(f"the input is neither text, bytes, a Path nor JSON: {error}") from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the input is not valid Unicode: a lone surrogate at character {error.start}") from None
