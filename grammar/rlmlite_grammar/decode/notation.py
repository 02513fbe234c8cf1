r"""The notation of decode rules, read into nodes, so that other grammars than Lark can be printed from the same rules.

Rules and terminals are written in a small part of Lark (`rules`, `calls`, `terminals`):

    show0: "show(" (v0 (", " v0)*)? ")"        KEY: /[A-Za-z_][A-Za-z0-9_]{0,63}/

    Sequence(Literal("show("), Repeat(Sequence(...), 0, 1), Literal(")"))
    Sequence(Chars(A-Z, _, a-z), Repeat(Chars(...), 0, 63))

Regular expressions are taken apart too: a grammar of characters has no terminals. Only what the rules use is read;
anything else is a mistake in them, and raises `ValueError`.
"""

import abc
import json
import re
from collections.abc import Iterator
from typing import Final, NoReturn, TypeAlias

import msgspec


class Literal(msgspec.Struct, frozen=True):
    """This text."""

    text: str


class Chars(msgspec.Struct, frozen=True):
    """One character inside the ranges, or, if `negated`, outside of them. A range is its first and last character."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False


class Ref(msgspec.Struct, frozen=True):
    """What the rule or terminal of this name derives."""

    name: str


class Sequence(msgspec.Struct, frozen=True):
    """One after the other; nothing for an empty one."""

    items: "tuple[Node, ...]"


class Choice(msgspec.Struct, frozen=True):
    """One of the options."""

    options: "tuple[Node, ...]"


class Repeat(msgspec.Struct, frozen=True):
    """`item` from `least` to `most` times; without `most` any number of times."""

    item: "Node"
    least: int
    most: int | None


Node: TypeAlias = Literal | Chars | Ref | Sequence | Choice | Repeat
"""What a rule derives."""

_DEFINITION: Final = re.compile(r"^(\w+): ", re.MULTILINE)
"""Matches the name before a rule. Literals and expressions hold no bare newline, so it matches nowhere else."""

_COUNTS: Final = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}


def split_rules(grammar: str) -> Iterator[tuple[str, str]]:
    """The rules and terminals of a grammar in its order, each as its name and its text."""
    _, *parts = _DEFINITION.split(grammar)
    return zip(parts[::2], parts[1::2], strict=True)


def read_rule(text: str) -> Node:
    """What a rule or terminal derives. Raises `ValueError` for what this notation does not have."""
    return _RuleReader(text).read()


class _Reader(abc.ABC):
    """Reads choices of sequences of items, each of which may be repeated. Rules and expressions differ in the items."""

    _BLANKS = re.compile("")
    """Matches what may stand between two signs and means nothing."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def read(self) -> Node:
        """The node of the whole text."""
        node = self._choice()
        return node if self._at == len(self._text) else self._refuse("the end")

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while (item := self._item()) is not None:
            item = self._repeated(item)
            # The characters of a word stand apart in an expression, since a count may follow each.
            before = items[-1] if items else None
            if isinstance(item, Literal) and isinstance(before, Literal):
                items[-1] = Literal(before.text + item.text)
            else:
                items.append(item)
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _repeated(self, item: Node) -> Node:
        while (count := self._count()) is not None:
            item = Repeat(item, *count)
        return item

    @abc.abstractmethod
    def _item(self) -> Node | None:
        """The next item; None where a sequence ends."""

    def _count(self) -> tuple[int, int | None] | None:
        """How often the item before is repeated, if that is said."""
        sign = self._text[self._at : self._at + 1]
        if sign in _COUNTS:
            self._at += 1
            return _COUNTS[sign]
        return None

    def _take(self, text: str) -> bool:
        """Whether this text is next; it is then read."""
        self._skip_blanks()
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches here; it is then read."""
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _group(self) -> Node:
        node = self._choice()
        return node if self._take(")") else self._refuse("`)`")

    def _skip_blanks(self) -> None:
        self._match(self._BLANKS)

    def _refuse(self, expected: str) -> NoReturn:
        raise ValueError(f"expected {expected} in a decode rule, found {self._text[self._at : self._at + 40]!r}")


class _RuleReader(_Reader):
    """Reads what stands after the name of a rule: literals, names, expressions in slashes, and groups."""

    _LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
    _EXPRESSION = re.compile(r"/((?:[^/\\]|\\.)+)/")
    _NAME = re.compile(r"\w+")
    _TIMES = re.compile(r"~(\d+)\.\.(\d+)")
    _BLANKS = re.compile(r"\s*")

    def _item(self) -> Node | None:
        self._skip_blanks()
        if match := self._match(self._LITERAL):
            return Literal(json.loads(match[0]))
        if match := self._match(self._EXPRESSION):
            return _ExpressionReader(match[1]).read()
        if match := self._match(self._NAME):
            return Ref(match[0])
        return self._group() if self._take("(") else None

    def _count(self) -> tuple[int, int | None] | None:
        match = self._match(self._TIMES)
        return super()._count() if match is None else (int(match[1]), int(match[2]))


class _ExpressionReader(_Reader):
    """Reads a regular expression: characters, classes, escapes and groups."""

    _CLASS = re.compile(r"\[(\^?)((?:[^\]\\]|\\.)+)\]")
    _IN_CLASS = re.compile(r"(\\x[0-9a-f]{2}|\\.|[^\\])(?:-(\\x[0-9a-f]{2}|\\.|[^\\]))?", re.DOTALL)
    _PLAIN = re.compile(r"\\x[0-9a-f]{2}|\\.|[^\\\[\](){}|?*+.^$]", re.DOTALL)
    _TIMES = re.compile(r"\{(\d+)(?:,(\d+))?\}")

    def _item(self) -> Node | None:
        if match := self._match(self._CLASS):
            return Chars(tuple(self._ranges(match[2])), bool(match[1]))
        if match := self._match(self._PLAIN):
            return Literal(_character(match[0]))
        return self._group() if self._take("(") else None

    def _ranges(self, inside: str) -> Iterator[tuple[str, str]]:
        for match in self._IN_CLASS.finditer(inside):
            first = _character(match[1])
            yield first, first if match[2] is None else _character(match[2])

    def _count(self) -> tuple[int, int | None] | None:
        match = self._match(self._TIMES)
        if match is None:
            return super()._count()
        least = int(match[1])
        return least, least if match[2] is None else int(match[2])


def _character(written: str) -> str:
    """The character that stands in an expression as itself, or behind a backslash."""
    if not written.startswith("\\"):
        return written
    name = written[1:]
    if name.startswith("x"):
        return chr(int(name[1:], 16))
    if name in _CONTROLS:
        return _CONTROLS[name]
    if name.isalnum():
        raise ValueError(f"an escape that decode rules do not use: {written}")
    return name
