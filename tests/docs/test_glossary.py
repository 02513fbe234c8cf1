"""The glossary lists only words that the code uses, and says what others call them.

Each row of its tables is: word, meaning, names in the code, what others say. A name in the code is in backquotes. It
may be anything that a reader meets there: a module, a class, a function, a parameter, a field, a constant, or a text
that stands for itself, such as the role `"sub"`.
"""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.rooms import PACKAGES

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


class Entry(NamedTuple):
    word: str
    meaning: str
    names: tuple[str, ...]
    elsewhere: str


def table_rows(text: str) -> Iterator[list[Token]]:
    """The cells of each row of each table, without the header rows."""
    cells: list[Token] = []
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    for previous, token in pairwise(tokens):
        if previous.type == "td_open":
            cells.append(token)
        elif token.type == "tr_close" and cells:
            yield cells
            cells = []


def code_in(cell: Token) -> tuple[str, ...]:
    return tuple(child.content for child in cell.children or [] if child.type == "code_inline")


def entries(text: str) -> list[Entry]:
    return [
        Entry(word.content.strip("*"), meaning.content, code_in(names), elsewhere.content)
        for word, meaning, names, elsewhere in table_rows(text)
    ]


def names_in(source: str) -> Iterator[str]:
    """Every name that a module defines, every parameter and field, and every short text."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Constant(value=str(name)):
                yield name


@cache
def names_of_the_code() -> frozenset[str]:
    paths = [path for package in PACKAGES.values() for path in package.rglob("*.py")]
    modules = {path.parent.name if path.stem == "__init__" else path.stem for path in paths}
    return frozenset(modules.union(*(names_in(path.read_text("utf-8")) for path in paths)))


ENTRIES = entries(GLOSSARY.read_text("utf-8"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.word)
def test_a_word_of_the_glossary_is_in_the_code(entry: Entry) -> None:
    """At least one name is given for it, and the code has all names that are given."""
    assert entry.names
    assert [name for name in entry.names if name not in names_of_the_code()] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.word)
def test_a_word_has_a_meaning_and_the_field_s_word(entry: Entry) -> None:
    """No cell of a row is empty; the last one says `the same` where the field has our word."""
    assert all((entry.word, entry.meaning, entry.elsewhere))


def test_a_word_has_one_entry() -> None:
    """One word, one thing."""
    words = [entry.word for entry in ENTRIES]

    assert words
    assert sorted(words) == sorted(set(words))


def test_a_name_that_the_code_lacks_is_found() -> None:
    """The check can fail: it knows names of all kinds, and does not find what nobody defines."""
    (entry,) = entries("| word | is | code | elsewhere |\n|--|--|--|--|\n| **step** | it | `Step`, `nosuch` | x |\n")
    assert entry == Entry("step", "it", ("Step", "nosuch"), "x")

    known = names_of_the_code()
    assert {"machine", "engines", "Genesis", "advance", "limits", "sub_calls", "FAULTS", "controller"} <= known
    assert "nosuch" not in known
