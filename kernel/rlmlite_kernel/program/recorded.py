"""The reading of a reply, as the blob that a turn's record names: the program and its text, or the problems.

    ["reply blob"]  I look for errors first.\\n```\\nn = count(log)\\n```
    ["ast blob"]    [[program], [0, 4, 10], "n = count(log)"]

Notes of the reading follow as a fourth item, if there are any. The text is null if it is the whole reply, which the
record names already. A replay executes this blob and needs no parser: a later grammar may read the reply differently,
and that does not change what the run did.
Format 1 kept the text in a blob of its own (`Turn.program`) and an object here; it can still be read.
"""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from rlmlite_kernel.program.ast import Parsed, Program
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.records import Ref, Turn

_ENCODER = msgspec.json.Encoder(order="sorted")


class _ParsedBlob(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    program: Program
    at: tuple[int, ...]
    text: str | None


class _NotedBlob(_ParsedBlob, frozen=True, array_like=True, forbid_unknown_fields=True):
    notes: tuple[Problem, ...] = ()


class _OldParsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    program: Program
    text: str
    at: tuple[int, ...]


class _UnparsedBlob(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    problems: tuple[Problem, ...]
    text: str | None


_parsed = msgspec.json.Decoder(_NotedBlob)
_unparsed = msgspec.json.Decoder(_UnparsedBlob)
_old_parsed = msgspec.json.Decoder(_OldParsed)
_old_unparsed = msgspec.json.Decoder(Unparsed)

Content: TypeAlias = Callable[[Ref], bytes]
"""Gives the content of the blob that a ref names."""


def encode_reading(reading: Parsed | Unparsed, reply: str | None) -> bytes:
    """The blob of a reading. Characters that UTF-8 cannot hold (lone surrogates) are written as escapes."""
    text = None if reading.text == reply else reading.text.encode("utf-8", "backslashreplace").decode()
    if isinstance(reading, Parsed):
        # A reading without notes is spelled as it was before there were any.
        if reading.notes:
            return encode_safely(_ENCODER, _NotedBlob(reading.program, reading.at, text, reading.notes))
        return encode_safely(_ENCODER, _ParsedBlob(reading.program, reading.at, text))
    return encode_safely(_ENCODER, _UnparsedBlob(reading.problems, text))


def write_program(said: Parsed) -> bytes:
    """A program with its text, whole."""
    return encode_reading(said, None)


def read_program(content: bytes) -> Parsed:
    """What `write_program` wrote. Raises `msgspec.MsgspecError`, `UnicodeError` or `RecursionError`."""
    parsed = _parsed.decode(content)
    return Parsed(parsed.program, parsed.text or "", parsed.at, parsed.notes)


def encode_reading_as_format_one(reading: Parsed | Unparsed) -> bytes:
    """The blob as format 1 wrote it, without the text."""
    if isinstance(reading, Parsed):
        return encode_safely(_ENCODER, _OldParsed(reading.program, "", reading.at))
    return encode_safely(_ENCODER, Unparsed("", reading.problems))


def decode_reading(turn: Turn, content: Content) -> Parsed | Unparsed | None:
    """The reading that a turn's record names; `None` if it names none.

    Raises what `content` raises, and `msgspec.DecodeError`, `UnicodeError` or `RecursionError` if the blob holds
    something else.
    """
    ref = turn.ast if turn.ast is not None else turn.diagnostics
    if ref is None:
        return None
    blob = content(ref)
    is_parsed = turn.ast is not None
    # Format 1 wrote an object where later ones write an array, so the first byte tells them apart.
    is_format_one = blob.startswith(b"{")
    if is_format_one:
        text = "" if turn.program is None else content(turn.program).decode()
        if not is_parsed:
            return Unparsed(text, _old_unparsed.decode(blob).problems)
        old = _old_parsed.decode(blob)
        return Parsed(old.program, text, old.at)
    if is_parsed:
        parsed = _parsed.decode(blob)
        return Parsed(parsed.program, _text(parsed.text, turn, content), parsed.at, parsed.notes)
    unparsed = _unparsed.decode(blob)
    return Unparsed(_text(unparsed.text, turn, content), unparsed.problems)


def _text(text: str | None, turn: Turn, content: Content) -> str:
    """The text, which is the whole reply if the blob has null."""
    if text is not None:
        return text
    return "" if turn.reply is None else content(turn.reply).decode()
