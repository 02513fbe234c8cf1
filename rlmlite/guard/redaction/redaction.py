"""`Redaction`: what a run was told to redact, applied to texts, to blocks of a file and to values.

A file may be gigabytes, so it is redacted in pieces. A piece ends at the end of a line, and never within a private key,
which is the one thing here that spans lines:

    ... last line of a piece \\n | -----BEGIN PRIVATE KEY-----      the key waits for the next piece
    MIIE... \\n -----END PRIVATE KEY----- \\n ...                    and is replaced there as a whole

So the result does not depend on where the blocks of a reader end.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rlmlite.guard.redaction.detectors import DETECTORS, RULES
from rlmlite.guard.redaction.escapes import find_behind_escapes
from rlmlite.guard.redaction.replacing import replace
from rlmlite.guard.redaction.spans import Span
from rlmlite_kernel.effects.requests import Failed, Result
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.values.blobs import Content

PIECE = 4 * 1024 * 1024
"""Bytes, at least, unless the text ends before."""

_OF_WORDS = ("lm", "clock")
"""Kinds of calls whose answers are words; those of the others are JSON."""

_KEY_BEGINS, _KEY_ENDS = b"-----BEGIN ", b"-----END "
_LONGEST_KEY = 256 * 1024  # bytes; what never ends is no key


class Redaction(msgspec.Struct, frozen=True):
    """What is replaced: by detectors (`names`, in the order of the table), then by functions of the host, by name.

    A function takes a text and returns it without what must not pass. It sees whole texts from Python and from calls,
    and of files pieces that end at the end of a line.
    """

    names: tuple[str, ...] = ()
    functions: tuple[tuple[str, Callable[[str], str]], ...] = ()

    @property
    def spelling(self) -> str:
        """How the genesis and the recipes name it: `keys, mail, own:strip_names`."""
        return ", ".join((*self.names, *(f"own:{name}" for name, _ in self.functions)))

    @property
    def version(self) -> str:
        """The version of the detectors."""
        return RULES if self.names else ""

    def result(self, result: Result, kind: str) -> Result:
        """The result of a call of a `kind` (`Request.kind`) with its words redacted. What is JSON stays JSON."""
        if isinstance(result, Failed):
            return msgspec.structs.replace(result, detail=self.text(result.detail))
        redacted = self.text(result.text) if kind in _OF_WORDS else self._json(result.text)
        return msgspec.structs.replace(result, text=redacted)

    def _json(self, text: str) -> str:
        try:
            value = read_json(text)
        except Fault:
            return self.text(text)  # whoever asked refuses it
        redacted = self.value(value)
        return text if redacted == value else json.dumps(redacted, ensure_ascii=False)

    def text(self, text: str, counts: Counter[str] | None = None) -> str:
        """The text without what is redacted. `counts` gets how many of each were replaced."""
        return self._by_functions(self._by_detectors(text, counts), counts) if text else text

    def value(self, value: Any, counts: Counter[str] | None = None) -> Any:
        """A JSON value with every text and number in it redacted, names of fields too.

        A value is looked at with its name, which may say that it is a password. Names that become the same get numbers.
        """
        return self._value("", value, counts)

    def _value(self, name: str, value: Any, counts: Counter[str] | None) -> Any:
        if self._is_clean(value):
            return value
        match value:
            case list() | tuple():
                return [self._value("", item, counts) for item in value]
            case dict():
                names = distinct(self.text(key, counts) for key in value)
                items = (self._value(key, item, counts) for key, item in value.items())
                return dict(zip(names, items, strict=True))
            case str() | int() | float() if not isinstance(value, bool):
                # By itself first: what spans lines leaves their ends, which a field of JSON has as escapes.
                alone = self.text(value, counts) if isinstance(value, str) else value
                return self._field(name, alone, counts)
        return value

    def _is_clean(self, value: Any) -> bool:
        """Whether nothing is in a flat list or record: most are, and to look at each of their fields takes longer."""
        if self.functions or not isinstance(value, list | dict):
            return False
        items = value.values() if isinstance(value, dict) else value
        if any(isinstance(item, list | tuple | dict) for item in items):
            return False
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (ValueError, TypeError):
            return False  # what is no JSON is refused elsewhere
        return self._by_detectors(text, None) == text

    def _field(self, name: str, value: str | int | float, counts: Counter[str] | None) -> Any:
        """A text or a number without what detectors find in it where it has this name."""
        try:
            field = json.dumps({name: value}, ensure_ascii=False)
        except ValueError:
            return value  # a number of thousands of digits, which no input may have
        found = Counter[str]()
        redacted = self._by_detectors(field, found)
        try:
            (item,) = json.loads(redacted).values()
        except ValueError:  # they are one key together
            item = redacted[1:-1].strip('"')
        if item == value:
            return value  # a name is counted where it is replaced
        if counts is not None:
            counts.update(found)
        return item

    def blocks(self, blocks: Iterable[Content], counts: Counter[str] | None = None) -> Iterator[bytes]:
        """The blocks of a UTF-8 text, redacted, in pieces of their own. What is not UTF-8 becomes U+FFFD."""
        for piece in _pieces(blocks):
            yield self.text(piece.decode(errors="replace"), counts).encode()

    def _by_detectors(self, text: str, counts: Counter[str] | None) -> str:
        redacted, replaced = replace(text, find_behind_escapes(text, self._found))
        if counts is not None:
            counts.update(replaced)
        return redacted

    def _by_functions(self, text: str, counts: Counter[str] | None) -> str:
        for name, function in self.functions:
            before, text = text, self._checked(name, function(text))
            if counts is not None and text != before:
                counts[name] += 1
        return text

    def _found(self, text: str) -> Iterator[tuple[Span, str]]:
        for name in self.names:
            kind = DETECTORS[name]
            for span in kind.find(text):
                yield span, kind.word

    def _checked(self, name: str, result: object) -> str:
        if not isinstance(result, str):
            raise TypeError(f"the redactor `{name}` returned a {type(result).__name__}; it must return the text")
        return result


def distinct(names: Iterable[str]) -> list[str]:
    """Names of fields, each of them once: `[mail]`, `[mail] (2)`."""
    result: dict[str, None] = {}
    counts = Counter[str]()
    for name in names:
        unique = name
        while unique in result:
            counts[name] += 1
            unique = f"{name} ({counts[name] + 1})"
        result[unique] = None
    return list(result)


def summary(counts: Mapping[str, int]) -> str:
    """What was replaced, for people: `3 [mail], 1 [key]`."""
    return ", ".join(f"{count:,} [{name}]" for name, count in sorted(counts.items()))


def _pieces(blocks: Iterable[Content]) -> Iterator[bytes]:
    rest, searched = bytearray(), 0
    for block in blocks:
        rest += block
        if len(rest) < PIECE:
            continue
        end = _end_of_piece(rest, searched)
        if end:
            yield bytes(rest[:end])
            del rest[:end]
        # A text without ends of lines is looked through once, not once a block.
        searched = 0 if end or _begin_of_key(rest) >= 0 else len(rest)
    if rest:
        yield bytes(rest)


def _end_of_piece(text: bytearray, searched: int) -> int:
    """Where the piece ends that a text begins with; 0 if more of it is needed."""
    begin = _begin_of_key(text)
    return text.rfind(b"\n", searched, begin if begin >= 0 else len(text)) + 1


def _begin_of_key(text: bytearray) -> int:
    """Where a private key begins whose last line is not whole in the text; -1 if there is none."""
    begin = text.rfind(_KEY_BEGINS, max(0, len(text) - _LONGEST_KEY))
    end = -1 if begin < 0 else text.find(_KEY_ENDS, begin)
    return -1 if end >= 0 and text.find(b"\n", end) >= 0 else begin
