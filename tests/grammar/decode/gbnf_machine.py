r"""GBNF as llama.cpp follows it: a set of stacks of what is still to come, moved on one character at a time.

    root ::= "a" [b]? "c"       at the start:   [a] [b]? [c]
                                after an "a":   [b] [c]  and  [c]

What llama.cpp refuses is refused here: names with an underscore, escapes that it does not know, rules that begin with
themselves, repetitions that unfold to too many rules. `make real` gives the same grammars to llama.cpp itself.
"""

import functools
import random
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from tests.grammar.decode.decoding import prefer


class Chars(msgspec.Struct, frozen=True, eq=False):
    """One character inside the ranges, or outside of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool


class Group(msgspec.Struct, frozen=True, eq=False):
    """Any of the options, at least and at most so often. Compared by identity, which makes stacks quick to compare."""

    options: "Options"
    least: int = 1
    most: int = 1


Element: TypeAlias = Chars | Group | str
"""A character, a group, or the name of a rule."""

Options: TypeAlias = tuple[tuple[Element, ...], ...]
"""The sequences of which one is derived."""

Stack: TypeAlias = tuple[Element, ...]
"""What is still to come; the next element is the last one."""

MOST_RULES = 2_000
"""Rules that a repetition may unfold to (MAX_REPETITION_THRESHOLD)."""

ALPHABET = "".join(map(chr, range(32, 127))) + "\n\té"
"""The characters that samples are made of."""

_RULE = re.compile(r"([A-Za-z0-9-]+) ::= (.+)")
_TOKEN = re.compile(r' *("(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)+\]|[A-Za-z0-9-]+|[()|?]|\{\d+,\d+\})')
_CHARACTER = re.compile(r'\\x([0-9A-F]{2})|\\([nrt\\"\[\]])|([^\\])', re.DOTALL)
_IN_CLASS = re.compile(r"(\\x..|\\.|[^\\])(?:-(\\x..|\\.|[^\\]))?", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


class Machine:
    """The rules of a grammar. `start` is where a decoder begins."""

    def __init__(self, grammar: str) -> None:
        self.rules: dict[str, Options] = {}
        for line in grammar.splitlines():
            name, options = read_rule(line)
            assert name not in self.rules, line
            self.rules[name] = options
        used = {name for options in self.rules.values() for name in _names(options)}
        assert used <= self.rules.keys(), used - self.rules.keys()
        self._empty: set[str] = set()
        self._find_empty_rules()
        assert self._begin_with_themselves() == []
        self._beginnings = functools.cache(self._find_beginnings)
        self.start = frozenset(self._follow(("root",)))

    def move(self, stacks: frozenset[Stack], char: str) -> frozenset[Stack]:
        """The stacks after one more character; none if it cannot be written."""
        rests = {stack[:-1] for stack in stacks if stack and _holds(stack[-1], char)}
        return frozenset(next_stack for rest in rests for next_stack in self._follow(rest))

    def accepts(self, text: str) -> bool:
        """Whether a decoder could have written all of this text."""
        stacks = self.start
        for char in text:
            stacks = self.move(stacks, char)
        return () in stacks

    def sample(self, drawn: random.Random, most: int = 1_500) -> str | None:
        """A random program that a decoder may write; `None` if it did not end within the length."""
        stacks, said, patience = self.start, "", drawn.randint(20, 200)
        while len(said) < most:
            allowed = sorted(set().union(*(_allowed(stack[-1]) for stack in stacks if stack)))
            late = len(said) > patience
            if () in stacks and (late or not allowed or drawn.random() < 0.05):
                return said
            char = chr(drawn.choice(prefer(allowed, drawn, late)))
            said += char
            stacks = self.move(stacks, char)
        return None

    def _follow(self, stack: Stack) -> Iterator[Stack]:
        """The stack, with what is on top replaced by what it derives, until that is a character."""
        while stack:
            rest, top = stack[:-1], stack[-1]
            for beginning in self._beginnings(top):
                yield rest + beginning
            if not self._is_empty_element(top):
                return
            stack = rest
        yield ()

    def _find_beginnings(self, element: Element) -> frozenset[Stack]:
        """What an element derives that is not empty, each down to the character that it begins with."""
        if isinstance(element, Chars):
            return frozenset([(element,)])
        again: Stack = ()
        if isinstance(element, str):
            options = self.rules[element]
        else:
            options = element.options
            again = (_once_less(element),) if element.most > 1 else ()
        stacks = (again + option[place:][::-1] for option in options for place in self._starts(option))
        return frozenset(stack[:-1] + more for stack in stacks for more in self._beginnings(stack[-1]))

    def _starts(self, option: tuple[Element, ...]) -> Iterator[int]:
        """The places of a sequence at which what it derives may begin."""
        for place, element in enumerate(option):
            yield place
            if not self._is_empty_element(element):
                return

    def _find_empty_rules(self) -> None:
        while more := {name for name, rule in self.rules.items() if name not in self._empty and self._is_empty(rule)}:
            self._empty |= more

    def _is_empty(self, options: Options) -> bool:
        """Whether nothing at all is derived by one of the options."""
        return any(all(map(self._is_empty_element, option)) for option in options)

    def _is_empty_element(self, element: Element) -> bool:
        if isinstance(element, str):
            return element in self._empty
        return isinstance(element, Group) and (element.least == 0 or self._is_empty(element.options))

    def _begin_with_themselves(self) -> list[str]:
        """The rules that derive something that begins with the rule itself: llama.cpp would not come to an end."""
        begins = {name: set(self._first(options)) for name, options in self.rules.items()}
        return [name for name in begins if name in _reached(begins[name], begins)]

    def _first(self, options: Options) -> Iterator[str]:
        for option in options:
            for element in option:
                if isinstance(element, str):
                    yield element
                elif isinstance(element, Group):
                    yield from self._first(element.options)
                if not self._is_empty_element(element):
                    break


@functools.cache
def read_rule(line: str) -> tuple[str, Options]:
    """A line as the name of the rule and its options."""
    match = _RULE.fullmatch(line)
    assert match is not None, line
    return match[1], _RuleReader(match[2]).read()


class _RuleReader:
    """Reads a rule, and counts the rules that its repetitions unfold to in llama.cpp."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        self._unfolded = 0
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            assert match is not None, text[at:]
            self._tokens.append(match[1])
            at = match.end()
        self._tokens.reverse()

    def read(self) -> Options:
        """The options of the rule."""
        options = self._choice()
        assert not self._tokens, self._tokens
        return options

    def _choice(self) -> Options:
        options = [self._sequence()]
        while self._tokens and self._tokens[-1] == "|":
            self._tokens.pop()
            options.append(self._sequence())
        return tuple(options)

    def _sequence(self) -> tuple[Element, ...]:
        elements: list[Element] = []
        last: list[Element] = []
        rules_inside = 1
        while self._tokens and self._tokens[-1] not in ("|", ")"):
            token = self._tokens.pop()
            if token == "?" or token.startswith("{"):
                least, most = (0, 1) if token == "?" else map(int, token[1:-1].split(","))
                assert rules_inside * (most + 1) < MOST_RULES, token
                self._unfolded += most - least
                last = [Group((tuple(last),), least, most)]
                continue
            elements += last
            before = self._unfolded
            last = self._item(token)
            rules_inside = max(1, self._unfolded - before)
        return (*elements, *last)

    def _item(self, token: str) -> list[Element]:
        if token == "(":
            options = self._choice()
            assert self._tokens.pop() == ")"
            self._unfolded += 1
            return [Group(options)]
        if token.startswith('"'):
            return [Chars(((char, char),), negated=False) for char in _characters(token[1:-1])]
        if token.startswith("["):
            negated = token.startswith("[^")
            bounds = _IN_CLASS.findall(token[1 + negated : -1])
            ranges = ((_characters(first)[0], _characters(last or first)[0]) for first, last in bounds)
            return [Chars(tuple(ranges), negated)]
        return [token]


def _characters(written: str) -> list[str]:
    found = list(_CHARACTER.finditer(written))
    assert sum(len(match[0]) for match in found) == len(written), written
    return [chr(int(match[1], 16)) if match[1] else _CONTROLS.get(match[2], match[2]) or match[3] for match in found]


def _names(options: Options) -> Iterator[str]:
    for option in options:
        for element in option:
            if isinstance(element, str):
                yield element
            elif isinstance(element, Group):
                yield from _names(element.options)


def _reached(begun: Iterable[str], begins: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begun)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += begins[name]
    return reached


@functools.cache
def _once_less(group: Group) -> Group:
    return Group(group.options, max(0, group.least - 1), group.most - 1)


@functools.cache
def _allowed(element: Element) -> frozenset[int]:
    return frozenset(ord(char) for char in ALPHABET if _holds(element, char))


@functools.lru_cache(maxsize=100_000)
def _holds(element: Element, char: str) -> bool:
    assert isinstance(element, Chars)
    return any(first <= char <= last for first, last in element.ranges) is not element.negated
