"""The parser of source code: besides blobs the second thing that the kernel asks of its host.

Parsers are native code of other people, and a hostile text can crash one. So none runs in here: a host passes a
`Parser`, which gives the definitions of a text as integers. They depend only on the text, the language and the versions
of the host's grammars, which the genesis names (`engines`); so a host may keep them by `CodePart` and its versions.

    parser.find_definitions(CodePart("3f2a..", 0, 28, "python"), b"class A:\\n  def f(self): ...\\n")
    Definitions(kind_names=("class", "function"), kinds=[0, 1], starts=[0, 11], stops=[27, 27],
                name_starts=[6, 15], name_stops=[7, 16], is_sound=True)

What comes back is checked like any data from outside (`checked_symbols`): a parser that a text has taken over can name
wrong places, but no place outside the text, and no more of them than the text has bytes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray, Octets, int_array, octets
from rlmlite_kernel.engines.cut.symbols import Symbol
from rlmlite_kernel.faults import CrashedError
from rlmlite_kernel.values.blobs import Content

_KIND_NAME = re.compile(r"[a-z][a-z_.]{0,39}")

_MOST_KINDS = 100
"""Grammars name about ten kinds of definitions."""

_NAMES_PER_BYTE = 16
"""How many times the length of the text its names may have together: two definitions can share a name, not hundreds."""


class ParserMissingError(RuntimeError):
    """The host has no parser, or not that of this language. The message says what is not installed."""


class ParserCrashedError(CrashedError):
    """The parser did not survive a text, took too long over it, or gave what cannot be true of it."""


class CodePart(NamedTuple):
    """What is parsed: the bytes [start, stop) of the content with a digest, as code in a language."""

    digest: str
    start: int
    stop: int
    language: str


class Definitions(NamedTuple):
    """Definitions as columns, one entry each, outer before inner. Places count from the start of the part, in bytes.

    `kinds` are places in `kind_names`; `is_sound` says that all of the text could be parsed.
    """

    kind_names: Sequence[str]
    kinds: Sequence[int]
    starts: Sequence[int]
    stops: Sequence[int]
    name_starts: Sequence[int]
    name_stops: Sequence[int]
    is_sound: bool


class Parser(Protocol):
    """Finds the definitions in source code."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the libraries that results depend on, by name, for the genesis."""
        ...

    def find_definitions(self, part: CodePart, content: Content) -> Definitions:
        """The definitions of a part; `content` holds all of what has its digest.

        Raises `ParserMissingError`, `ParserCrashedError`.
        """
        ...


class NoParser:
    """The `Parser` of a host that has none."""

    versions: Mapping[str, str] = {}

    def find_definitions(self, part: CodePart, content: Content) -> Definitions:
        """Raises `ParserMissingError`."""
        del part, content
        raise ParserMissingError("this host has no parser of source code")


NO_PARSER: Parser = NoParser()
"""The default."""


def checked_symbols(definitions: Definitions, part: CodePart, content: Content) -> list[Symbol]:
    """The definitions as symbols, whose places count from the start of the content.

    Raises `ParserCrashedError` for what no parser can have found in this text.
    """
    size = part.stop - part.start
    kind_names = tuple(definitions.kind_names)
    kinds, starts, stops, name_starts, name_stops = _columns(definitions)
    if len(kind_names) > _MOST_KINDS or not all(map(_KIND_NAME.fullmatch, kind_names)):
        raise ParserCrashedError("the parser named kinds of definitions that are not words")
    if len(starts) > size:
        raise ParserCrashedError("the parser found more definitions than the text has bytes")
    _require((kinds >= 0) & (kinds < len(kind_names)), "kinds without a name")
    _require((starts >= 0) & (starts <= stops) & (stops <= size), "definitions outside the text")
    _require((name_starts >= 0) & (name_starts <= name_stops) & (name_stops <= size), "names outside the text")
    # Names are copied, so overlapping ones could take memory without end.
    if int((name_stops - name_starts).sum()) > _NAMES_PER_BYTE * size:
        raise ParserCrashedError("the parser found names that overlap")
    _check_order(starts, stops, name_starts, name_stops)
    text = octets(content)[part.start : part.stop]
    for places in (starts, stops, name_starts, name_stops):
        _require(_are_between_characters(text, places), "places inside a character")
    columns = (kinds, *(places + part.start for places in (name_starts, name_stops, starts, stops)))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Symbol(kind_names[kind], (first, last), start, stop) for kind, first, last, start, stop in rows]


def _columns(definitions: Definitions) -> list[IntArray]:
    """The five columns as vectors of one length."""
    try:
        columns = [int_array(column) for column in definitions[1:6]]
    except (TypeError, ValueError, OverflowError):
        raise ParserCrashedError("the parser gave no integers") from None
    if any(column.shape != columns[0].shape or column.ndim != 1 for column in columns):
        raise ParserCrashedError("the parser gave columns of different lengths")
    return columns


def _require(holds: BoolArray, otherwise: str) -> None:
    if not holds.all():
        raise ParserCrashedError(f"the parser found {otherwise}")


def _check_order(starts: IntArray, stops: IntArray, name_starts: IntArray, name_stops: IntArray) -> None:
    """Outer before inner, no two that overlap without one holding the other, and no span twice but for other names."""
    is_later = starts[1:] > starts[:-1]
    is_inner = (starts[1:] == starts[:-1]) & (stops[1:] < stops[:-1])
    # `const A, B = 1, 2` is one span that defines two names, the second behind the first.
    is_same = (starts[1:] == starts[:-1]) & (stops[1:] == stops[:-1])
    is_next_name = is_same & (name_starts[1:] >= name_stops[:-1]) & (name_starts[1:] > name_starts[:-1])
    are_inside = (name_starts[1:] >= starts[1:]) & (name_stops[1:] <= stops[1:])
    _require(is_later | is_inner | is_next_name & are_inside, "definitions out of order")
    # The stops of the definitions around the current one, from outside to inside.
    around: list[int] = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        while around and around[-1] <= start:
            around.pop()
        if around and stop > around[-1]:
            raise ParserCrashedError("the parser found definitions that overlap")
        around.append(stop)


def _are_between_characters(text: Octets, places: IntArray) -> BoolArray:
    """Whether each place is not inside a character: in UTF-8 a byte `10xxxxxx` continues one."""
    before_the_end = places[places < len(text)]
    is_between: BoolArray = (text[before_the_end] & 0xC0) != 0x80
    return is_between
