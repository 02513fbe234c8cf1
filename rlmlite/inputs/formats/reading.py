"""`Reading`: the settings for how inputs are read; and `ReadingLimits`, which enforces the limits among them.

A small file can unpack to a huge one, so whatever is produced from an input passes through an `ReadingLimits`, block by
block, and the input is refused as a whole when a limit is crossed: nothing is cut. Two limits work together:

- `max_bytes` bounds the output of each kind of step. A text that is unpacked (6 GiB) and then decoded (6 GiB) counts
  6 GiB for each, not 12.
- `max_ratio` bounds output by input: 1 MB that unpacks to 300 MB is a bomb. Below `RATIO_FREE_BYTES` it is not
  applied, because small repetitive files compress well and harm nobody.
"""

import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from rlmlite.errors import InputError, SettingError
from rlmlite.errors.checks import cut
from rlmlite.inputs.formats.encodings.names import find_encoding, unknown_encoding
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.blobs import Content

if TYPE_CHECKING:
    from rlmlite.guard.worker.limits import WorkerLimits

RATIO_FREE_BYTES = 64 * 1024 * 1024
"""How many bytes may be unpacked before `max_ratio` applies."""

MOST_ARCHIVES = 1_000
"""How many archives within an input are opened: each takes a process of its own."""

MAX_STOPPED = 4
"""How many files of one input may run into a limit of their parser before the input is refused.

Fewer are skipped. Without an end to it, a folder of a thousand hostile files would take a thousand times `max_seconds`.
"""

_MB = 1_000_000

_MEMORY_PER_BYTE = 4
"""A parser may hold a document as a tree, and text twice as it is joined."""

_Amount = Annotated[int, msgspec.Meta(ge=1)]


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How inputs are read.

    encoding: the encoding of all text; without it UTF-8 where the bytes are valid UTF-8, and a detected one elsewhere.
    ignore: whether files that `.gitignore` and `.ignore` name are left out of folders.
    html: whether HTML is read as it stands (`markup`) or converted to text (`text`).
    max_bytes: how many bytes may be unpacked, decoded, converted, fetched or read as rows for one input.
    max_ratio: how many times larger than its packed form unpacked content may be, above 64 MiB.
    max_members: how many members an archive may have, and how many entries of a folder or a glob are looked at.
    max_seconds: how many seconds of processor time a parser of a binary or converted format may take for one file, and
        one more for each MB of it.
    max_worker_bytes: how much memory such a parser may allocate, and four bytes more for each byte of the file.
    max_fetch_seconds: how many seconds a URL may be waited for, in all.
    delimiter, header, quote, skip, types, decimal, dates: how CSV files are read whose path does not say it.
    kept_bytes: up to which size standard input is kept in the trace.
    cache: whether digests of large files, large tables and word indexes are remembered between runs.

    `redaction` is no option of its own but the setting `redact` of the run: a `guard.redaction.redaction.Redaction`.
    """

    encoding: str | None = None
    ignore: bool = True
    html: Literal["markup", "text"] = "markup"
    max_bytes: _Amount = 8 * 1024**3
    max_ratio: _Amount = 250
    max_members: _Amount = 200_000
    max_fetch_seconds: _Amount = 3_600
    max_seconds: _Amount = 60
    max_worker_bytes: _Amount = 1024**3
    delimiter: str | None = None
    header: str | None = None
    quote: str | None = None
    skip: Annotated[int, msgspec.Meta(ge=0)] | None = None
    types: str | None = None
    decimal: str | None = None
    dates: str | None = None
    kept_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 * 1024**2
    cache: bool = True
    redaction: Any = None  # not typed by its class, which with its detectors few runs import


READING = Reading()
"""The defaults."""

_REDACTION = "redaction"

OPTIONS = tuple(name for name in Reading.__struct_fields__ if name != _REDACTION)
"""What `--read` says, by name."""


def reading(settings: Mapping[str, Any]) -> Reading:
    """Settings by name, as text (from a flag) or as values; the others keep their defaults. Raises `SettingError`."""
    # Looked at before msgspec does, whose message for an unknown field suggests nothing.
    names = OPTIONS
    for name in settings:
        if name not in names and name != _REDACTION:
            hint = did_you_mean(name, names) or "there are: " + ", ".join(names)
            raise SettingError(f"there is no setting `{cut(name)}` for reading inputs; {hint}")
    # Not strict: from a flag or a variable every value comes as text, `"8"` or `"true"`.
    values = {name: _without_underscores(name, value) for name, value in settings.items()}
    try:
        converted = msgspec.convert(values, Reading, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"settings for reading inputs: {error}") from None
    if converted.encoding is None:
        return converted
    return msgspec.structs.replace(converted, encoding=encoding_name(converted.encoding))


def encoding_name(name: str) -> str:
    """Python's name of a text encoding. Raises `SettingError` for one that is not read."""
    found = find_encoding(name)
    if found is None:
        raise SettingError(unknown_encoding(name))
    return found


def _without_underscores(name: str, value: Any) -> Any:
    """The value; a number that is written as text may group its digits with `_`, as in Python."""
    hint = _hints()[name]
    # `_Amount` is `Annotated[int, ...]`, so `int` is the hint itself or its first argument.
    is_number = hint is int or int in typing.get_args(hint)
    if is_number and isinstance(value, str):
        return value.replace("_", "")
    return value


def _hints() -> Mapping[str, Any]:
    return types.MappingProxyType(typing.get_type_hints(Reading))


class TooLargeError(InputError):
    """What an input unpacks or converts to exceeds a limit of `Reading`."""


class ReadingLimits:
    """What may still be produced from one input. `what` is the input's name in messages."""

    def __init__(self, what: str, reading: Reading) -> None:
        self._what, self._reading = what, reading
        self._members = self._archives = self._stopped = 0
        self._produced: Counter[str] = Counter()  # bytes by kind of step: see the module

    @property
    def redaction(self) -> Any:
        """What the run redacts (`Reading.redaction`)."""
        return self._reading.redaction

    def blocks(self, blocks: Iterator[Content], way: str) -> Iterator[Content]:
        """The blocks that a kind of step produces. Raises `TooLargeError` at the block that exceeds `max_bytes`."""
        limit = self._reading.max_bytes
        # Checked before the block goes on, so that nothing beyond the limit is stored or hashed.
        for block in blocks:
            self._produced[way] += len(block)
            if self._produced[way] > limit:
                raise TooLargeError(self._message("is more than", "max_bytes", f"{limit:,} bytes"))
            yield block

    def check_ratio(self, unpacked: int, packed: int) -> None:
        """Raise `TooLargeError` if so many bytes are too many to come from so few."""
        limit = self._reading.max_ratio
        if unpacked > RATIO_FREE_BYTES and unpacked > limit * packed:
            raise TooLargeError(self._message("is more than", "max_ratio", f"{limit:,} times its packed size"))

    def count_member(self) -> None:
        """Count a member of an archive. Raises `TooLargeError`."""
        self._members += 1
        limit = self._reading.max_members
        if self._members > limit:
            raise TooLargeError(self._message("has more than", "max_members", f"{limit:,} members"))

    def count_archive(self) -> bool:
        """Count an archive within the input. Returns whether it may be opened."""
        self._archives += 1
        return self._archives <= MOST_ARCHIVES

    def worker_limits(self, size: int | None) -> "WorkerLimits":
        """What the parser of a file of so many bytes may use; None for a stream, which nobody knows the size of."""
        from rlmlite.guard.worker.limits import WorkerLimits  # here, because text needs no parser

        memory = self._reading.max_worker_bytes
        # A stream is unpacked as it comes, and its time is bounded by what may come of it.
        if size is None:
            return WorkerLimits(self._reading.max_seconds + self._reading.max_bytes / _MB, memory)
        return WorkerLimits(self._reading.max_seconds + size / _MB, memory + _MEMORY_PER_BYTE * size)

    def count_stopped(self) -> None:
        """Count a parser that was stopped at a limit. Raises `TooLargeError` when that happened too often."""
        self._stopped += 1
        if self._stopped == MAX_STOPPED:
            raise TooLargeError(
                f"{self._stopped} files of {self._what} took more time or memory than a parser may (the limits "
                "max_seconds and max_worker_bytes); leave them out, or raise the limits: --read max_seconds=NUMBER"
            )

    def _message(self, verb: str, limit: str, amount: str) -> str:
        return (
            f"the content of {self._what} {verb} {amount} (the limit {limit}); "
            f"if that is intended: --read {limit}=NUMBER"
        )


class Meter:
    """Counts the bytes that one packed file unpacks to, against `max_bytes` and against its packed size.

    `packed` returns the packed bytes read so far, so that a bomb is caught early, long before its end.
    """

    def __init__(self, limits: ReadingLimits, way: str, packed: Callable[[], int]) -> None:
        self._limits, self._way, self._packed, self._unpacked = limits, way, packed, 0

    def blocks(self, blocks: Iterator[Content]) -> Iterator[Content]:
        """The blocks. Raises `TooLargeError` at the one that exceeds a limit."""
        for block in self._limits.blocks(blocks, self._way):
            self._unpacked += len(block)
            self._limits.check_ratio(self._unpacked, self._packed())
            yield block
