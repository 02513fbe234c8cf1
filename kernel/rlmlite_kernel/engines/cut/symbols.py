"""Symbols of source code: where functions, classes and the like are defined, by tree-sitter.

Every grammar ships a query, its tags, that names what is a definition; so no language has code of its own here.

    find_definitions(b"class A:\\n  def f(self): ...\\n", 0, 28, "python")
    class A of [0, 27), whose name is at [6, 7), then function f of [11, 27); and True: all of it could be parsed

The extra `rlmlite[code]`, imported when it is first needed. What a grammar finds depends on its version, so versions
are in every genesis record where the extra is installed.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, octets

if TYPE_CHECKING:
    from tree_sitter import Parser, Query

LONGEST = 4_000_000
"""Bytes of the longest text that is parsed: people write none that are longer."""

DEEPEST = 1_000
"""The deepest nesting of brackets that is parsed: deeper text is not code, and would take minutes."""

WEIGHT = 32
"""Work units per byte of source: parsing is that much slower than searching."""


class Language(NamedTuple):
    """A grammar: its package (after `tree_sitter_`), its function there, and the language whose tags it builds on."""

    package: str
    function: str = "language"
    after: str = ""


LANGUAGES = {
    "c": Language("c"),
    "cpp": Language("cpp"),
    "go": Language("go"),
    "java": Language("java"),
    "javascript": Language("javascript"),
    "php": Language("php", "language_php"),
    "python": Language("python"),
    "ruby": Language("ruby"),
    "rust": Language("rust"),
    "tsx": Language("typescript", "language_tsx", "javascript"),
    "typescript": Language("typescript", "language_typescript", "javascript"),
}
"""The languages that can be read, by name."""

SYMBOL_LIBRARIES = ("tree-sitter", *sorted({f"tree-sitter-{language.package}" for language in LANGUAGES.values()}))
"""The distributions that `symbols` stands on."""

SUFFIXES = {
    "c": "c",
    "cc": "cpp",
    "cjs": "javascript",
    "cpp": "cpp",
    "cxx": "cpp",
    "go": "go",
    "h": "c",
    "hh": "cpp",
    "hpp": "cpp",
    "java": "java",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "php": "php",
    "py": "python",
    "pyi": "python",
    "rb": "ruby",
    "rs": "rust",
    "ts": "typescript",
    "tsx": "tsx",
}
"""The language of a file, by what follows the last dot of its path."""


def nesting_depth(content: Buffer, start: int, stop: int) -> int:
    """How deep brackets nest in a text, those in comments and strings counted too."""
    data = octets(content)[start:stop]
    # Comments and strings too, as telling them apart would take the parser that this is to protect.
    opening = (data == ord("(")) | (data == ord("[")) | (data == ord("{"))
    closing = (data == ord(")")) | (data == ord("]")) | (data == ord("}"))
    depth = np.cumsum(opening.astype(np.int32) - closing.astype(np.int32))
    return int(depth.max(initial=0))


class SymbolsUnavailableError(RuntimeError):
    """The extra is not installed."""


class Symbol(NamedTuple):
    """A definition: what it is (`function`, `class`, ...), and the bytes of its name and of the whole."""

    kind: str
    name: tuple[int, int]
    start: int
    stop: int


def language_of(path: str) -> str | None:
    """The language that the ending of a path names."""
    if "." not in path:
        # Else a file called `go` would be Go.
        return None
    suffix = path.rpartition(".")[2].lower()
    return SUFFIXES.get(suffix)


def find_definitions(content: Buffer, start: int, stop: int, language: str) -> tuple[list[Symbol], bool]:
    """The definitions in the text [start, stop), outer before inner; and whether all of it could be parsed.

    Raises `SymbolsUnavailableError`.
    """
    parser, query = _load_grammar(language)
    # Imported after `_load_grammar`, which says what to install if it is missing.
    from tree_sitter import QueryCursor

    tree = parser.parse(bytes(content[start:stop]))
    definitions: dict[tuple[int, int], Symbol] = {}
    for _, captures in QueryCursor(query).matches(tree.root_node):
        labels = [label for label in captures if label.startswith(_DEFINITION)]
        if not labels or "name" not in captures:
            # A reference, not a definition.
            continue
        label = labels[0]
        node, name = captures[label][0], captures["name"][0]
        # The parser counts from the start of what it was given.
        span = (start + node.start_byte, start + node.end_byte)
        name_span = (start + name.start_byte, start + name.end_byte)
        symbol = Symbol(label.removeprefix(_DEFINITION), name_span, *span)
        # Two patterns may match one node (a method is a function too): the first counts.
        definitions.setdefault(span, symbol)
    outer_first = sorted(definitions.values(), key=lambda symbol: (symbol.start, -symbol.stop))
    return outer_first, not tree.root_node.has_error


_DEFINITION = "definition."


@cache
def _load_grammar(language: str) -> "tuple[Parser, Query]":
    grammar = LANGUAGES[language]
    try:
        import tree_sitter

        module = import_module(f"tree_sitter_{grammar.package}")
        # TypeScript's tags name only what JavaScript does not have.
        before = import_module(f"tree_sitter_{grammar.after}").TAGS_QUERY if grammar.after else ""
    except ImportError as error:
        raise SymbolsUnavailableError(str(error)) from None
    compiled = tree_sitter.Language(getattr(module, grammar.function)())
    tags = f"{before}\n{module.TAGS_QUERY}"
    return tree_sitter.Parser(compiled), tree_sitter.Query(compiled, tags)
