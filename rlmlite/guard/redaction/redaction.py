"""`Redaction`: what a run was told to redact, applied to texts, to blocks of a file and to values.

A file may be gigabytes, so it is redacted in pieces. A piece ends at the end of a line, and never within a private key,
which is the one thing here that spans lines:

    ... last line of a piece \\n | -----BEGIN PRIVATE KEY-----      the key waits for the next piece
    MIIE... \\n -----END PRIVATE KEY----- \\n ...                    and is replaced there as a whole

So the result does not depend on where the blocks of a reader end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rlmlite.guard.redaction.detectors import DETECTORS, RULES
from rlmlite.guard.redaction.spans import Span, replace
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.values.blobs import Content

PIECE = 4 * 1024 * 1024
"""Bytes, at least, unless the text ends before."""

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

    def result(self, result: Result) -> Result:
        """The result of a call with its words redacted."""
        if isinstance(result, Answered):
            return msgspec.structs.replace(result, text=self.text(result.text))
        return msgspec.structs.replace(result, detail=self.text(result.detail))

    def text(self, text: str, counts: Counter[str] | None = None) -> str:
        """The text without what is redacted. `counts` gets how many of each were replaced."""
        if not text:
            return text
        redacted, replaced = replace(text, self._found(text))
        for name, function in self.functions:
            before, redacted = redacted, self._checked(name, function(redacted))
            replaced[name] = int(redacted != before)
        if counts is not None:
            counts.update({name: count for name, count in replaced.items() if count})
        return redacted

    def value(self, value: Any, counts: Counter[str] | None = None) -> Any:
        """A JSON value with every text in it redacted, names of fields too."""
        match value:
            case str():
                return self.text(value, counts)
            case list() | tuple():
                return [self.value(item, counts) for item in value]
            case dict():
                return {self.value(key, counts): self.value(item, counts) for key, item in value.items()}
        return value

    def blocks(self, blocks: Iterable[Content], counts: Counter[str] | None = None) -> Iterator[bytes]:
        """The blocks of a UTF-8 text, redacted, in pieces of their own. What is not UTF-8 becomes U+FFFD."""
        for piece in _pieces(blocks):
            yield self.text(piece.decode(errors="replace"), counts).encode()

    def _found(self, text: str) -> Iterator[tuple[Span, str]]:
        for name in self.names:
            kind = DETECTORS[name]
            for span in kind.find(text):
                yield span, kind.word

    def _checked(self, name: str, result: object) -> str:
        if not isinstance(result, str):
            raise TypeError(f"the redactor `{name}` returned a {type(result).__name__}; it must return the text")
        return result


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
