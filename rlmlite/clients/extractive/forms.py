"""The form of JSON that a prompt asks for, read back from the prompt.

The kernel spells it (`rlmlite_kernel.schemas.spelled`): `{"found": <true or false>, "quote": <text> | null}`.
A form that is not of this kind is no form; the caller then answers in plain text.
"""

import json
import re
from typing import TypeAlias

import msgspec

MARK = "Answer with JSON only, of this form:"
"""What stands before a form."""


class Typed(msgspec.Struct, frozen=True, tag=True):
    """`<text>`: any value of a kind."""

    kind: str


class Exactly(msgspec.Struct, frozen=True, tag=True):
    """A value that is spelled out."""

    value: str | int | float | bool | None


class Choice(msgspec.Struct, frozen=True, tag=True):
    """`a | b`."""

    options: tuple["Form", ...]


class Many(msgspec.Struct, frozen=True, tag=True):
    """`[item, ...]`."""

    item: "Form"


class Fields(msgspec.Struct, frozen=True, tag=True):
    """An object: name, form, whether it may be left out."""

    fields: tuple[tuple[str, "Form", bool], ...]


Form: TypeAlias = Typed | Exactly | Choice | Many | Fields

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|<[^<>]*>|\(optional\)|\.\.\.|[\[\]{}|,:]|[^\s\[\]{}|,:"<>()]+)')


def form_of(prompt: str) -> tuple[str, Form | None]:
    """The prompt before its form, and the form; the prompt whole and `None` when it asks for none."""
    before, mark, after = prompt.rpartition(MARK)
    if not mark:
        return prompt, None
    try:
        return before, _Reader(_TOKEN.findall(after)).form()
    except (IndexError, ValueError, RecursionError):
        return prompt, None


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def form(self) -> Form:
        options = [self._single()]
        while self._accept("|"):
            options.append(self._single())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _single(self) -> Form:
        token = self._next()
        if token == "{":
            return self._fields()
        if token == "[":
            item = self.form()
            for expected in (",", "...", "]"):
                self._expect(expected)
            return Many(item)
        if token.startswith("<"):
            return Typed(token[1:-1])
        return Exactly(json.loads(token))

    def _fields(self) -> Form:
        fields: list[tuple[str, Form, bool]] = []
        while not self._accept("}"):
            if fields:
                self._expect(",")
            name = json.loads(self._next())
            self._expect(":")
            fields.append((name, self.form(), self._accept("(optional)")))
        return Fields(tuple(fields))

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise ValueError(f"expected {token}")
