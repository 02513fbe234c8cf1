"""Schemas as GBNF: whatever a grammar derives is JSON that fits the schema."""

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.clients.forms.grammars import gbnf_of
from rlmlite_kernel.program.schemas import Basic, Literal, OneOf, Schema, Shape, fits
from tests.rlmlite.clients.forms.schemas import SCHEMAS

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|[\w]+|[()|?*]|\{[\d,]+\})')


class Derivation:
    """Derives random texts from a grammar of ours. Not here: the rest of GBNF."""

    def __init__(self, grammar: str, chance: random.Random) -> None:
        self.rules = {name.strip(): TOKEN.findall(body) for name, _, body in _rules(grammar)}
        self.chance = chance

    def derive(self, rule: str, depth: int = 0) -> str:
        """A text of a rule; deep inside, nothing that may be left out is taken."""
        tokens = self.rules[rule]
        return self._choice(tokens, 0, depth)[0]

    def _choice(self, tokens: list[str], at: int, depth: int) -> tuple[str, int]:
        texts: list[str] = []
        text = ""
        while at < len(tokens) and tokens[at] != ")":
            if tokens[at] == "|":
                texts.append(text)
                text, at = "", at + 1
                continue
            start, (piece, at) = at, self._item(tokens, at, depth)
            if at < len(tokens) and re.match(r"[?*{]", tokens[at]):
                piece = "".join(self._item(tokens, start, depth)[0] for _ in range(self._times(tokens[at], depth)))
                at += 1
            text += piece
        texts.append(text)
        return self.chance.choice(texts), at

    def _times(self, mark: str, depth: int) -> int:
        if mark == "{4}" or mark == "{2}":
            return int(mark[1])
        least = 1 if mark.startswith("{1,") else 0
        return least if depth > 5 else self.chance.randint(least, 2 if mark != "?" else 1)

    def _item(self, tokens: list[str], at: int, depth: int) -> tuple[str, int]:
        token = tokens[at]
        if token == "(":
            text, at = self._choice(tokens, at + 1, depth)
            return text, at + 1
        if token.startswith('"'):
            return json.loads(token), at + 1
        if token.startswith("["):
            return self._letter(token), at + 1
        if depth > 5 and token == "value":
            return "null", at + 1
        return self.derive(token, depth + 1), at + 1

    def _letter(self, token: str) -> str:
        if token.startswith("[^"):
            return self.chance.choice(["a", "é", " ", "{"])
        members = (
            token[1:-1].replace("a-f", "abcdef").replace("A-F", "ABCDEF").replace("0-9", "01").replace("1-9", "19")
        )
        return self.chance.choice(members.replace("\\\\", "\\"))


def _rules(grammar: str) -> list[tuple[str, str, str]]:
    return [line.partition("::=") for line in grammar.splitlines() if "::=" in line]


@given(SCHEMAS, st.integers(0, 2**32))
def test_what_a_grammar_derives_fits_the_schema(schema: Schema, seed: int) -> None:
    """Objects with optional fields anywhere, lists, choices, and every basic type (a date may name no day)."""
    text = Derivation(gbnf_of(schema), random.Random(seed)).derive("root")
    value = json.loads(text)

    assert fits(value, schema) or Basic("date") in _parts(schema) or "\\ud" in text.lower()


def _parts(schema: Schema) -> list[Schema]:
    match schema:
        case OneOf(options=options):
            return [part for option in options for part in _parts(option)]
        case Shape(fields=fields):
            return [part for _, kind, _ in fields for part in _parts(kind)]
        case Basic() | Literal():
            return [schema]
    return _parts(schema.item)


@pytest.mark.parametrize("name", ["str", "int", "float", "bool", "any"])
def test_each_basic_type_has_a_rule(name: str) -> None:
    """A grammar names no rule that it lacks."""
    grammar = gbnf_of(Basic(name))
    rules = {rule.strip() for rule, _, _ in _rules(grammar)}
    names = {token for _, _, body in _rules(grammar) for token in TOKEN.findall(body) if token.isidentifier()}

    assert names <= rules
