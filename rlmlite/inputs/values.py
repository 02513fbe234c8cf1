"""Python values as inputs: text, texts by path, JSON. The trace keeps them, since nobody could find them again.

"some text"                     text
{"a.md": "...", "b.md": "..."}  documents: every value is a text, and the keys are their paths
[1, {"x": 2.0}], 7, {}          JSON, in canonical form: tuples become lists, 2.0 becomes 2
"""

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
"""An input in Python: text, bytes, a `Path`, a `Url`, a data frame, texts by path, or JSON (lists, dicts, scalars)."""


class Url(msgspec.Struct, frozen=True):
    """A remote input, such as `Url("https://host/app.log.gz")`. A bare `str` is a text."""

    url: str


def from_python(value: Data, blobs: Blobs) -> Input:
    """A value in memory as an input. Raises `InputError`."""
    if isinstance(value, str):
        content = _to_utf8(value)
        # Without a path: it has none.
        file = SourceFile("", blobs.put(content), len(content))
        source = Source("text", files=(file,))
        return Input(Text(file.digest, 0, file.size), source, content)
    # An empty dict could be either; JSON is what it is more likely to mean.
    if isinstance(value, dict) and value:
        all_texts = all(isinstance(item, str) for item in value.values())
        if all_texts:
            return _from_texts(value, blobs)
    return _from_json(value)


def with_content(loaded: Input, blobs: Blobs) -> Input:
    """A text or documents with their content attached, for the trace to keep."""
    files = loaded.source.files
    if loaded.source.kind == "text":
        content = bytes(blobs.read(files[0].digest))
    else:
        # As JSON of texts by path, the form in which Python gives documents too.
        content = _to_canonical({file.path: bytes(blobs.read(file.digest)).decode() for file in files})
    return msgspec.structs.replace(loaded, memory=content)


def _from_texts(texts: Mapping[str, str], blobs: Blobs) -> Input:
    files = []
    # In the order of paths, as a folder with these files would be: the same documents, whoever made the dict.
    for path in sorted(texts):
        content = _to_utf8(texts[path])
        files.append(SourceFile(path, blobs.put(content), len(content)))
    value = documents((file.path, file.digest, file.size) for file in files)
    source = Source("documents", files=tuple(files))
    return Input(value, source, _to_canonical(dict(texts)))


def _from_json(value: Any) -> Input:
    """JSON as a replay will read it back from the trace: tuples are lists, `5.0` is `5`."""
    content = _to_canonical(value)
    # Read back at once, so that the run works on exactly what a replay will see.
    try:
        read_back: Value = read_json(content.decode())
    except Fault as fault:
        raise InputError(f"the input exceeds the limits of JSON values: {fault.message}") from None
    return Input(read_back, Source("json"), content)


def _to_canonical(value: Any) -> bytes:
    try:
        return value_bytes(value)
    except (NotCanonicalError, TypeError, RecursionError) as error:
        raise InputError(f"the input must be text, bytes, a Path, a Url, a data frame or JSON: {error}") from None


def _to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the input is not valid Unicode: a lone surrogate at character {error.start}") from None
