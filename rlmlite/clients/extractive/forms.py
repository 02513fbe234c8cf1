"""The form of JSON that a prompt asks for, parsed back from the prompt's text.

A client gets only text, so this reads what the kernel spells (`rlmlite_kernel.program.schemas`):

    Answer with JSON only, of this form: {"found": <true or false>, "quote": <text> | null}

    ObjectForm(("found", TypedForm("true or false")), ("quote", ChoiceForm(TypedForm("text"), LiteralForm(None))))

It is a recursive-descent parser over tokens. Whatever it does not understand is not a form, and the caller answers in
plain text, as it does when the prompt asks for none.
"""

import json
import re
from typing import TypeAlias

import msgspec

MARK = "Answer with JSON only, of this form:"
"""What precedes a form in a prompt."""


class TypedForm(msgspec.Struct, frozen=True, tag=True):
    """`<text>`: any value of a kind."""

    kind: str


class LiteralForm(msgspec.Struct, frozen=True, tag=True):
    """A value that is spelled out, such as `"spam"` or `null`."""

    value: str | int | float | bool | None


class ChoiceForm(msgspec.Struct, frozen=True, tag=True):
    """`a | b`."""

    options: tuple["AnswerForm", ...]


class ListForm(msgspec.Struct, frozen=True, tag=True):
    """`[item, ...]`."""

    item: "AnswerForm"


class ObjectForm(msgspec.Struct, frozen=True, tag=True):
    """An object: for each field its name, its form, and whether it may be left out."""

    fields: tuple[tuple[str, "AnswerForm", bool], ...]


AnswerForm: TypeAlias = TypedForm | LiteralForm | ChoiceForm | ListForm | ObjectForm

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|<[^<>]*>|\(optional\)|\.\.\.|[\[\]{}|,:]|[^\s\[\]{}|,:"<>()]+)')


def split_form(prompt: str) -> tuple[str, AnswerForm | None]:
    """The prompt before its form, and the form; the whole prompt and None if it asks for none."""
    # The last one: data, or an example in the prompt, may contain the same words.
    before, mark, after = prompt.rpartition(MARK)
    if not mark:
        return prompt, None
    parser = _FormParser(_TOKEN.findall(after))
    # What follows the form is not looked at: a prompt may go on after it.
    try:
        return before, parser.parse_form()
    except (IndexError, ValueError, RecursionError):
        return prompt, None


class _FormParser:
    """Consumes tokens from left to right. Raises `IndexError` at their end and `ValueError` for an unexpected one."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    def parse_form(self) -> AnswerForm:
        options = [self._parse_option()]
        while self._accept("|"):
            options.append(self._parse_option())
        return options[0] if len(options) == 1 else ChoiceForm(tuple(options))

    def _parse_option(self) -> AnswerForm:
        token = self._next()
        if token == "{":
            return self._parse_object()
        # A list is always `[item, ...]`, whatever its length: the dots are part of the kernel's spelling.
        if token == "[":
            item = self.parse_form()
            for expected in (",", "...", "]"):
                self._expect(expected)
            return ListForm(item)
        if token.startswith("<"):
            return TypedForm(token[1:-1])
        return LiteralForm(json.loads(token))

    def _parse_object(self) -> AnswerForm:
        fields: list[tuple[str, AnswerForm, bool]] = []
        while not self._accept("}"):
            if fields:
                self._expect(",")
            name = json.loads(self._next())
            self._expect(":")
            form = self.parse_form()
            is_optional = self._accept("(optional)")
            fields.append((name, form, is_optional))
        return ObjectForm(tuple(fields))

    def _next(self) -> str:
        self._position += 1
        return self._tokens[self._position - 1]

    def _accept(self, token: str) -> bool:
        is_at_end = self._position >= len(self._tokens)
        if is_at_end or self._tokens[self._position] != token:
            return False
        self._position += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise ValueError(f"expected {token}")
