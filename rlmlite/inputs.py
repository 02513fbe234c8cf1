"""Inputs on their way in: files, folders, globs, standard input and values become what a run can read.

A file stays where it is and is read in place; what is in memory is kept in the trace, since nobody could find it again.
Nothing is left out or altered in silence: `Source` of each input lists what was skipped and what was transcoded, and
`notes` says it in words. Not here: what inputs are called (`naming`), what a folder stands for (`folders`).
"""

import hashlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rlmlite.errors import InputError
from rlmlite.folders import Listing, folder, is_glob, matching
from rlmlite.naming import ALONE, STDIN, check_name, named_paths
from rlmlite_kernel.blobs import Blobs, InputChangedError
from rlmlite_kernel.canonical import NotCanonicalError, value_bytes
from rlmlite_kernel.engines import repair
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.inputs import Input, Source, SourceFile
from rlmlite_kernel.problems import did_you_mean
from rlmlite_kernel.schemas import read_json
from rlmlite_kernel.values import Text, Value, documents
from rlmlite_traces import FileBlobs

Data: TypeAlias = Any
"""An input in Python: text, bytes, a `Path`, texts by path (documents), or JSON (lists, records, scalars)."""

HEAD = 8 * 1024
"""Bytes in which a NUL means: this is no text."""

_BINARY = "is binary (a NUL byte at {}), and inputs are text; convert it first (pdftotext; iconv -f UTF-16 -t UTF-8)"


def from_arguments(arguments: Sequence[str], blobs: FileBlobs) -> dict[str, Input]:
    """The inputs of a command line: `PATH`, `name=PATH`, `-`. Raises `InputError`."""
    return {name: from_path(path, blobs) for name, path in named_paths(arguments).items()}


def from_values(data: Data | Mapping[str, Data], blobs: FileBlobs) -> dict[str, Input]:
    """The inputs of a Python call: a dict names several, anything else is one, `context`. Raises `InputError`."""
    named = data if isinstance(data, Mapping) else {} if data is None else {ALONE: data}
    return {check_name(name): from_value(value, blobs) for name, value in named.items()}


def from_path(path: str, blobs: FileBlobs) -> Input:
    """The input that a path names: a file, a folder, a glob, `-` for standard input. Raises `InputError`."""
    if _is_undecodable(path):
        raise InputError(f"{path} has a name that is not valid Unicode; rename it, or give it as standard input")
    if path == STDIN:
        return _from_bytes(sys.stdin.buffer.read(), "standard input", blobs)
    try:
        if is_glob(path):
            return from_listing(path, matching(path), blobs)
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return from_listing(path, folder(path), blobs)
        return _file(path, blobs) if stat.S_ISREG(mode) else _stream(path, mode, blobs)
    except FileNotFoundError:
        raise InputError(f"there is no {path}" + _nearby(path)) from None
    except InputChangedError as error:
        raise InputError(f"{error}; is something still writing it? take a copy") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path!r} is no path: {error}") from None


def from_value(value: Data, blobs: FileBlobs) -> Input:
    """The input that a Python value is. Raises `InputError`."""
    match value:
        case Path():
            return from_path(str(value), blobs)
        case str():
            return _text(_encoded(value), blobs)
        case bytes() | bytearray() | memoryview():
            return _from_bytes(bytes(value), "the input", blobs)
        case {} if value and all(isinstance(item, str) for item in value.values()):
            return _texts_by_path(value, blobs)
        case _:
            return _json(value)


def from_listing(path: str, listing: Listing, blobs: FileBlobs) -> Input:
    """The text files of a listing as documents; the others are noted as skipped. Raises `InputError`."""
    files: list[SourceFile] = []
    skipped = list(listing.skipped)
    for below in listing.paths:
        try:
            nul = _first_nul(Path(listing.root, below))
            if nul >= 0:
                skipped.append((below, "binary"))
            else:
                files.append(blobs.add_file(Path(listing.root, below), below))
        except OSError as error:
            skipped.append((below, f"unreadable: {error.strerror}"))
    source = Source("documents", path, tuple(files), tuple(sorted(skipped)))
    if not files:
        why = "; ".join(notes(path, source)) or "it holds nothing"
        raise InputError(f"{path} holds no text file: {why}")
    return Input(documents((file.path, file.digest, file.size) for file in files), source)


def notes(name: str, source: Source) -> Iterator[str]:
    """What the user should know of how an input was taken: left out, transcoded, empty."""
    place = name if source.path is None else f"{name} ({source.path})"
    reasons = Counter(reason.partition(":")[0] for _, reason in source.skipped)
    for reason, count in sorted(reasons.items()):
        first = next(path for path, why in source.skipped if why.partition(":")[0] == reason)
        yield f"{place}: {count:,} left out, {reason}: {first}{', ...' if count > 1 else ''}"
    bad = [file for file in source.files if file.replaced]
    if bad:
        replaced = sum(file.replaced for file in bad)
        files = bad[0].path + (f" and {len(bad) - 1:,} more" if len(bad) > 1 else "")
        yield f"{place}: not valid UTF-8: {replaced:,} bad bytes became U+FFFD in {files}"
    if source.kind == "text" and sum(file.size for file in source.files) == 0:
        yield f"{place} is empty"


def _file(path: str, blobs: FileBlobs) -> Input:
    nul = _first_nul(Path(path))
    if nul >= 0:
        raise InputError(f"{path} {_BINARY.format(nul)}")
    file = blobs.add_file(Path(path))
    return Input(Text(file.digest, 0, file.size), Source("text", path, (file,)))


def _stream(path: str, mode: int, blobs: FileBlobs) -> Input:
    """A pipe, as a shell's `<(command)` gives one, is read to its end; other special files are refused."""
    if not stat.S_ISFIFO(mode):
        raise InputError(f"{path} is neither a file nor a folder")
    with open(path, "rb") as pipe:
        return _from_bytes(pipe.read(), path, blobs)


def _first_nul(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, HEAD).find(b"\0")
    finally:
        os.close(descriptor)


def _is_undecodable(path: str) -> bool:
    """Whether a path holds bytes that are no Unicode; Python shows them as lone surrogates."""
    return any("\ud800" <= char <= "\udfff" for char in path)


def _nearby(path: str) -> str:
    place = Path(path)
    if not place.parent.is_dir() or not os.access(place.parent, os.R_OK):
        return ""
    hint = did_you_mean(place.name, os.listdir(place.parent))
    return f"; {hint}" if hint else ""


def _from_bytes(content: bytes, what: str, blobs: Blobs) -> Input:
    nul = content[:HEAD].find(b"\0")
    if nul >= 0:
        raise InputError(f"{what} {_BINARY.format(nul)}")
    text, replaced = repair(content)
    original = hashlib.sha256(content).hexdigest() if replaced else ""
    return _text(text, blobs, replaced, original)


def _text(content: bytes, blobs: Blobs, replaced: int = 0, original: str = "") -> Input:
    digest = blobs.put(content)
    file = SourceFile("", digest, len(content), replaced, original)
    return Input(Text(digest, 0, len(content)), Source("text", files=(file,)), content)


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
