"""The lines of a trace's files and their one spelling.

A line on disk must *be* the canonical form of what it decodes to: it is decoded, encoded again, and the two must be
equal byte for byte. Otherwise the same record could be written in many ways, and somebody could change bytes, and
with them every hash above, without changing what a reader sees.

    {"kind":"seal","outcome":"completed","prev":"9f…","seq":7,"state":"b2…","steps":3}     accepted
    {"kind":"seal", "outcome":"completed",...}                                             refused: a space
    {"kind":"seal","outcome":"completed","prev":"9f…","reason":"",...}                     refused: a default
    {"kind":"seal","kind":"seal",...}                                                      refused: a key twice

Three rules do not follow from that and are checked apart. Keys are ASCII, and whole numbers are within 2^53 - 1, so
that readers in other languages see the same numbers (`_check_profile`). A default that is a text or a struct is left
out (`_spells_default`): msgspec leaves out what *is* the default, and one that was decoded only equals it.
Every file is decoded here and nowhere else. Not here: what lines mean together (`chain`, `calls`, `contents`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, TypeVar, get_args

import msgspec

from rlmlite_kernel.effects.requests import Answered, Failed
from rlmlite_kernel.records.call_lines import CallLine, CallsHead, Rare
from rlmlite_kernel.records.canonical import MAX_SAFE, NotCanonicalError, record_bytes
from rlmlite_kernel.records.records import ZERO, AnyRecord, Blob, Observed, Step
from rlmlite_traces.errors import TraceBrokenError

RECORDS: Final = "trace.jsonl"
BLOBS: Final = "blobs.jsonl"
EFFECTS: Final = "effects.jsonl"
JOURNAL: Final = "journal.jsonl"
TIMING: Final = "timing.jsonl"
LARGE_FOLDER: Final = "blobs"
STORE: Final = "store"
ORIGIN: Final = "origin"
CHECKPOINT: Final = "checkpoint"

REMOVED: Final = ".removed"
"""The end of the name of a folder that is being removed."""
SIGNATURES: Final = "trace.dsse.json"
REDACTIONS: Final = "redactions.jsonl"
INPUTS_FOLDER: Final = "inputs"

LARGE = 64 * 1024
"""Content of more bytes than this is a file of its own under `blobs/`, named by its ref."""

MAX_LINE = 64 * 1024 * 1024
"""No line may be longer (bytes), so that a hostile file cannot make a reader decode without end."""

HEX = re.compile(r"[0-9a-f]{64}")
_LONG_NUMBER = re.compile(rb"[:,\[]-?[0-9]{16}")
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_BAD: Final = (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError)

_LEFT_OUT: Final[Mapping[type, tuple[tuple[str, object], ...]]] = {
    **{kind: (("prev", ZERO),) for kind in get_args(AnyRecord)},
    Step: (("prev", ZERO), ("status", "ok"), ("observation", Observed())),
    CallsHead: (("effect", "lm"),),
    CallLine: (("rare", Rare()),),  # written as null
}
"""Defaults that a line could spell out and encode to the same bytes again, by the type of the line."""

_DEFAULTS: Final = {kind: {field.name: field.default for field in msgspec.structs.fields(kind)} for kind in _LEFT_OUT}
"""The objects that a field is if it was left out."""

S = TypeVar("S", bound=msgspec.Struct)


class TextLine(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A line of `blobs.jsonl` for UTF-8: `[salt, text]`. Its ref is left out: it follows from salt and content."""

    salt: bytes
    text: str


class BlobLine(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of `blobs.jsonl` for content that is not UTF-8, or too long for a line.

    Exactly one of two is set: `base64` holds the bytes; `size` (bytes) says that they are a file of its own, named by
    `ref`.
    """

    salt: bytes
    ref: str = ""
    base64: bytes | None = None
    size: int | None = None


AnyBlobLine: TypeAlias = TextLine | BlobLine


class JournalLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of `journal.jsonl`: a call, by its id, and its result; null while it has not ended (an intent)."""

    id: str
    result: Answered | Failed | None


_records: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)
_heads = msgspec.json.Decoder(CallsHead)
_calls = msgspec.json.Decoder(CallLine)
_texts = msgspec.json.Decoder(TextLine)
_blobs = msgspec.json.Decoder(BlobLine)
_journal = msgspec.json.Decoder(JournalLine)


def split(data: bytes, file: str) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends, without its newline. Raises `TraceBrokenError` if the last one has none.

    Offsets rather than lines: a trace keeps them for all its lines, and slices one when it is asked for.
    """
    start, position = 0, 0
    while start < len(data):
        stop = data.find(b"\n", start)
        if stop < 0:
            raise TraceBrokenError(
                file, position, "newline", "a newline at the end", f"{len(data) - start} bytes without one"
            )
        if stop - start > MAX_LINE:
            raise TraceBrokenError(file, position, "length", f"at most {MAX_LINE} bytes", f"{stop - start} bytes")
        yield start, stop
        start, position = stop + 1, position + 1


def decode_record(line: bytes, position: int) -> AnyRecord:
    """A line of `trace.jsonl`. Raises `TraceBrokenError` unless it is canonical."""
    return decode_strictly(_records, line, RECORDS, position)


def decode_redaction(line: bytes, position: int) -> AnyRecord:
    """A line of `redactions.jsonl`. Raises `TraceBrokenError` unless it is canonical."""
    return decode_strictly(_records, line, REDACTIONS, position)


def decode_call_line(line: bytes, position: int) -> CallsHead | CallLine:
    """A line of `effects.jsonl`: an object is the head of a round, an array one of its calls."""
    if line.startswith(b"["):
        return decode_strictly(_calls, line, EFFECTS, position)
    return decode_strictly(_heads, line, EFFECTS, position)


def decode_blob(line: bytes, position: int) -> AnyBlobLine:
    """A line of `blobs.jsonl`: an array is text."""
    if line.startswith(b"["):
        return decode_strictly(_texts, line, BLOBS, position)
    return decode_strictly(_blobs, line, BLOBS, position)


def decode_journal(line: bytes, position: int) -> JournalLine:
    """A line of `journal.jsonl`."""
    return decode_strictly(_journal, line, JOURNAL, position)


def encode(struct: msgspec.Struct) -> bytes:
    """The canonical line of a record, without its newline. Raises `NotCanonicalError` if it has none."""
    try:
        line = record_bytes(struct)
    except UnicodeEncodeError as error:
        raise NotCanonicalError(f"not valid Unicode: {error.reason}") from None
    if len(line) > MAX_LINE:
        raise NotCanonicalError(f"the line would have {len(line)} bytes; at most {MAX_LINE} are allowed")
    _check_profile(line)
    return line


def encode_blob(blob: Blob) -> bytes:
    """The line of a blob: a reference to its file if it is large, text if it is UTF-8, else base64."""
    if len(blob.content) > LARGE:
        return record_bytes(BlobLine(blob.salt, blob.ref, size=len(blob.content)))
    try:
        return record_bytes(TextLine(blob.salt, blob.content.decode()))
    except UnicodeDecodeError:
        return record_bytes(BlobLine(blob.salt, base64=blob.content))


def decode_strictly(decoder: "msgspec.json.Decoder[S]", line: bytes, file: str, position: int) -> S:
    """What a line says. Raises `TraceBrokenError` for any spelling but the canonical one, even of the same data."""
    try:
        value = decoder.decode(line)
        canonical = record_bytes(value)
        if file != BLOBS:  # `contents` checks its few numbers, and its texts may hold anything
            _check_profile(line)
    except _BAD as error:
        raise TraceBrokenError(file, position, "decode", "a record of a known shape", str(error)) from None
    except NotCanonicalError as error:
        raise TraceBrokenError(file, position, "profile", "what the profile allows", str(error)) from None
    if canonical != line:
        raise TraceBrokenError(file, position, "canonical", repr(canonical), repr(line))
    if (name := _spells_default(value)) is not None:
        raise TraceBrokenError(file, position, "canonical", f"the default of {name} left out", "it, spelled out")
    return value


def _spells_default(value: msgspec.Struct) -> str | None:
    """The field whose default a line spells out, if one does."""
    for name, default in _LEFT_OUT.get(type(value), ()):
        said = getattr(value, name)
        if said == default and said is not _DEFAULTS[type(value)].get(name):
            return name
    return None


def _check_profile(line: bytes) -> None:
    """Raise `NotCanonicalError` unless keys are ASCII and whole numbers within 2^53 - 1 (RFC 8785, restricted).

    Only a line with a byte outside ASCII, or with a number of 16 digits or more, can break either rule. Few lines are
    like that, so few are decoded a second time, generically, and walked.
    """
    # Turning every digit into 0 and looking for sixteen of them is six times faster than the pattern. Digests may have
    # such runs too, so a hit only means that the pattern, which wants a number, has to decide.
    has_long_run = b"0" * 16 in line.translate(_DIGITS_ALIKE)
    if not line.isascii() or (has_long_run and _LONG_NUMBER.search(line)):
        _check_values(msgspec.json.decode(line))


def _check_values(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii():
                raise NotCanonicalError(f"the key {key!r} is not ASCII")
            _check_values(item)
    elif isinstance(value, list):
        for item in value:
            _check_values(item)
    elif isinstance(value, int) and abs(value) > MAX_SAFE:
        raise NotCanonicalError(f"the integer {value} is outside 2^53-1")
