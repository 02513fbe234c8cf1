"""Taint and provenance: where a value came from, carried along with it through every expression and action.

Origins are bits, so that what is made of several values has the union of their bits. Sources are the spans of inputs
that a value was made from, which become the evidence of an answer. Taint only grows, and it decides three things: what
is fenced as data, which inputs may leave through a call, and what a tool may be told.

    hits = search(log, "ERROR")     origins input + log + derived, sources: the span of every hit
    n = count(hits)                 the same origins: a number that data decided is tainted too
    log[0:n]                        tainted by `n`, which chose where the slice ends
    "x" + reply                     controller + lm + derived, where `reply` is a model's answer

A condition taints as well: what `where` keeps was chosen by what it compared. This is explicit information flow; that a
program *was written* after its controller had read an input is tracked for the whole run, as `exposed`.
"""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from rlmlite_kernel.values.columns import Cells, Constant, Ints, LineCounts, LineNumbers, Spans, Text
from rlmlite_kernel.values.values import Rows, Value

INPUT, TOOL, LM, CONTROLLER, DERIVED = 1, 2, 4, 8, 16
ORIGINS = {INPUT: "input", TOOL: "tool", LM: "lm", CONTROLLER: "controller", DERIVED: "derived"}
"""Where content came from, as bits, with the words that receipts use."""

Words: TypeAlias = Text | Rows
"""Texts that strings were made of: one, or those of rows."""

FOREIGN = INPUT | TOOL | LM
"""Untrusted origins: their content is never read as instructions."""

# Bits 0 to 4 give the kind of an origin. Bits 8 and up name single inputs, so that an egress rule about one input
# follows whatever was made from it. A Python int has room for any number of inputs.
_FIRST_INPUT = 8


def input_bit(number: int) -> int:
    """The origin bit of one input, by its place among the inputs."""
    return 1 << (_FIRST_INPUT + number)


def input_bits_of(origins: int) -> int:
    """Only the bits that name single inputs: they survive a model call, whose answer is no longer of kind `input`."""
    return origins >> _FIRST_INPUT << _FIRST_INPUT


def origins_of_words(words: Iterable[str]) -> int:
    """The bits of the words that receipts and settings use."""
    bits = {word: bit for bit, word in ORIGINS.items()}
    return sum(bits[word] for word in set(words))


def origin_words(origins: int) -> tuple[str, ...]:
    """The words for a set of origins."""
    return tuple(word for bit, word in ORIGINS.items() if origins & bit)


class TaintedValue(msgspec.Struct, frozen=True):
    """A value with its taint, `origins`, and its provenance, `sources`: the spans of inputs that it was made from.

    `words` are the texts that strings in it may repeat. A reference says itself what it holds, a string has forgotten:
    of `x[0:10] + "!"` they are `x[0:10]`. What of them a prompt really held is looked up when it was sent.
    """

    value: Value
    origins: int = CONTROLLER
    sources: tuple[Spans, ...] = ()
    words: "tuple[Words, ...]" = ()

    def derive(self, value: Value) -> "TaintedValue":
        """A value computed from this one: same taint and provenance, marked as derived."""
        return TaintedValue(value, self.origins | DERIVED, self.sources, self.words)

    def taint(self, origins: int) -> "TaintedValue":
        """The same value, tainted by the origins of what selected it (an index, a slice bound).

        A literal selector adds nothing.
        """
        return TaintedValue(self.value, self.origins | (origins & ~CONTROLLER), self.sources, self.words)


class NarrowedResult(msgspec.Struct, frozen=True):
    """A result whose provenance is narrower than its arguments': only `spans`."""

    value: Value
    spans: Spans


def merge_taint(parts: Iterable[TaintedValue]) -> tuple[int, tuple[Spans, ...]]:
    """The origins and sources of a value made from all of `parts`."""
    origins = 0
    sources: list[Spans] = []
    for part in parts:
        origins |= part.origins
        for spans in part.sources:
            # By identity: comparing contents would cost the length of the columns, and equal ones are rare.
            is_new = not any(spans is other for other in sources)
            if is_new:
                sources.append(spans)
    # Made of nothing, such as an empty list: the controller wrote it.
    return origins or CONTROLLER, tuple(sources)


def words_of(parts: Iterable[TaintedValue], value: Value) -> tuple[Words, ...]:
    """The `words` of a value made from all of `parts`."""
    words: list[Words] = []
    # A reference in the result needs none of the texts beside it, but it may lie in a text that was made of others.
    repeats = _holds_strings(value)
    for part in parts:
        for each in (*part.words, *(_references(part.value) if repeats else ())):
            # By identity, as above.
            if not any(each is other for other in words):
                words.append(each)
    return tuple(words)


_PATHS = frozenset(("doc", "path"))
"""Columns that hold names of documents, and none of their words."""

_NO_REFERENCES = (Ints, LineNumbers, LineCounts, Cells, Constant)
"""Columns of values, none of which is a text by reference, or hardly any."""

_PARTS = 1_000
"""Parts of a list or record that are looked through for references."""


def _holds_strings(value: Value) -> bool:
    if isinstance(value, Rows):
        made = {name for name, column in value.columns.items() if isinstance(column, Cells | Constant)}
        return not made <= _PATHS
    return isinstance(value, str | list | dict)


def _references(value: Value, most: int = _PARTS) -> list[Words]:
    """The texts by reference in a value. Of rows it is the columns that refer, not those that hold values."""
    if isinstance(value, Text):
        return [value]
    if isinstance(value, Rows):
        columns = {name: column for name, column in value.columns.items() if not isinstance(column, _NO_REFERENCES)}
        return [Rows(value.kind, columns, len(value), value.spans)] if columns else []
    if not isinstance(value, list | dict):
        return []
    found: list[Words] = []
    for item in value.values() if isinstance(value, dict) else value:
        if len(found) >= most:
            break
        found += _references(item, most - len(found))
    return found
