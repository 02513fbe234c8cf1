"""Python values as inputs: text, texts by path, JSON. The trace keeps them, since nobody could find them again.

"some text"                     text
{"a.md": "...", "b.md": "..."}  documents: every value is a text, and the keys are their paths
{"name": "ann"}                 JSON, a record: short texts under names that are no paths
[1, {"x": 2.0}], 7, {}          JSON, in canonical form: tuples become lists, 2.0 becomes 2
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from rlmlite.errors import InputError
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import PLAIN, NotCanonicalError, value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.inputs import FileNote, Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, Value, documents

if TYPE_CHECKING:
    from rlmlite.guard.redaction.redaction import Redaction

Data: TypeAlias = Any
"""An input in Python: text, bytes, a `Path` or a list of them, a `Url`, a `Table`, a data frame, texts by path, JSON.

JSON is lists, dicts and scalars, and what stands for these (see `plain`): dataclasses, models, sets, arrays, dates.
"""

_SHORT = 200
"""Up to so many characters, on one line, a text is rather a field of a record than a document."""

_IS_PATH = re.compile(r"/|\.[A-Za-z0-9]{1,8}\Z")
"""A key that is a path: it has a folder, or a suffix."""


class Url(msgspec.Struct, frozen=True):
    """A remote input, such as `Url("https://host/app.log.gz")`. A bare `str` is a text."""

    url: str


class Table:
    """A file that is a table, and how to read it: `Table("codes.txt", "csv", delimiter="tab", types={"zip": "text"})`.

    Without a reader the suffix chooses it. The options are those of the readers (see `docs/reference/tables.md`); their
    values may be numbers, truth values and, for `types`, a dict.
    """

    def __init__(self, path: str | os.PathLike[str], reader: str | None = None, **options: Any) -> None:
        self.path, self.reader, self.options = os.fspath(path), reader, options

    def spec(self) -> str:
        """The table as the command line names it. Raises `InputError`."""
        from rlmlite.inputs.tables.specs import reader_by_suffix  # with the readers' names, which most inputs need not

        reader = self.reader or reader_by_suffix(self.path)
        if reader is None:
            raise InputError(f"{self.path} has no suffix that names a reader of tables; give one: Table(path, reader)")
        options = "&".join(f"{name}={_option(value)}" for name, value in self._in_order())
        return f"{reader}:{self.path}?{options}" if options else f"{reader}:{self.path}"

    def _in_order(self) -> Iterator[tuple[str, Any]]:
        # A query takes what follows it, so it is last.
        yield from ((name, value) for name, value in self.options.items() if name != "query")
        yield from ((name, value) for name, value in self.options.items() if name == "query")


def _option(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{kind}" for name, kind in value.items())
    return str(value)


def from_python(value: Data, blobs: Blobs, redaction: "Redaction | None" = None) -> Input:
    """A value in memory as an input, without what a `redaction` replaces. Raises `InputError`."""
    if redaction is None:
        return _from_python(value, blobs)
    from rlmlite.guard.redaction.redaction import summary
    from rlmlite.inputs.formats.redacting import REDACTED
    from rlmlite.inputs.values.plain import to_plain

    counts = Counter[str]()
    loaded = _from_python(redaction.value(to_plain(value), counts), blobs)
    if not counts:
        return loaded
    note = FileNote("", REDACTED, summary(counts))
    return msgspec.structs.replace(loaded, source=msgspec.structs.replace(loaded.source, notes=(note,)))


def _from_python(value: Data, blobs: Blobs) -> Input:
    if type(value) is str:
        content = _to_utf8(value)
        # Without a path: it has none.
        file = SourceFile("", blobs.put(content), len(content))
        source = Source("text", files=(file,))
        return Input(Text(file.digest, 0, file.size), source, content)
    # An empty dict could be either; JSON is what it is more likely to mean.
    if type(value) is dict and value:
        all_texts = all(type(item) is str for item in value.values())
        if all_texts and all(isinstance(key, str) for key in value) and not _is_record(value):
            return _from_texts(value, blobs)
    if type(value) in PLAIN:
        return _from_json(value)
    from rlmlite.inputs.values.plain import to_plain  # here, because texts are what most runs begin with

    return _from_json(to_plain(value))


def _is_record(texts: Mapping[str, str]) -> bool:
    """Whether a dict of texts is a record, not documents: short texts under names that are no paths."""
    are_short = all(len(text) <= _SHORT and "\n" not in text for text in texts.values())
    return are_short and not all(_IS_PATH.search(key) for key in texts)


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
