"""Symbols of source code: where functions, classes and the like are defined, by tree-sitter and each grammar's tags.

An extra (`rlmlite[code]`), imported when it is first needed. What a grammar finds depends on its version, so versions
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
"""Bytes of a text that is parsed; a longer one is hardly written by people."""

DEEPEST = 1_000
"""Brackets in brackets of a text that is parsed; deeper ones are no code, and would be parsed for minutes."""

WEIGHT = 32
"""Work units that a byte of source costs: parsing is that much slower than searching."""


class Language(NamedTuple):
    """A grammar: its package (`tree_sitter_` before it), the function that gives it, whose tags it builds on."""

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
"""Every language that can be read, by name."""

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
"""The language of a path, by what follows its last dot."""


def nesting_depth(content: Buffer, start: int, stop: int) -> int:
    """How deep brackets nest in a text, those of its comments and strings counted too."""
    octets_ = octets(content)[start:stop]
    opened = (octets_ == 40) | (octets_ == 91) | (octets_ == 123)
    closed = (octets_ == 41) | (octets_ == 93) | (octets_ == 125)
    return int(np.cumsum(opened.astype(np.int32) - closed.astype(np.int32)).max(initial=0))


class SymbolsUnavailableError(RuntimeError):
    """The extra is not installed."""


class Symbol(NamedTuple):
    """A definition: what it is (`function`, `class`, ...), the bytes of its name and of the whole of it."""

    kind: str
    name: tuple[int, int]
    start: int
    stop: int


def language_of(path: str) -> str | None:
    """The language that a path's ending names."""
    return SUFFIXES.get(path.rpartition(".")[2].lower()) if "." in path else None


def find_definitions(content: Buffer, start: int, stop: int, language: str) -> tuple[list[Symbol], bool]:
    """The definitions in the text [start, stop), outer before inner; and whether all of it could be parsed.

    Raises `SymbolsUnavailableError`.
    """
    parser, query = _load_grammar(language)
    from tree_sitter import QueryCursor  # after `_reader`, which says what to install if it is not there

    tree = parser.parse(bytes(content[start:stop]))
    found: dict[tuple[int, int], Symbol] = {}
    for _, captures in QueryCursor(query).matches(tree.root_node):
        kinds = [name for name in captures if name.startswith(_DEFINITION)]
        if not kinds or "name" not in captures:
            continue
        node, name = captures[kinds[0]][0], captures["name"][0]
        kind = kinds[0].removeprefix(_DEFINITION)
        place = (start + node.start_byte, start + node.end_byte)
        found.setdefault(place, Symbol(kind, (start + name.start_byte, start + name.end_byte), *place))
    return sorted(found.values(), key=lambda symbol: (symbol.start, -symbol.stop)), not tree.root_node.has_error


_DEFINITION = "definition."


@cache
def _load_grammar(language: str) -> "tuple[Parser, Query]":
    grammar = LANGUAGES[language]
    try:
        import tree_sitter

        module = import_module(f"tree_sitter_{grammar.package}")
        before = import_module(f"tree_sitter_{grammar.after}").TAGS_QUERY if grammar.after else ""
    except ImportError as error:
        raise SymbolsUnavailableError(str(error)) from None
    made = tree_sitter.Language(getattr(module, grammar.function)())
    return tree_sitter.Parser(made), tree_sitter.Query(made, f"{before}\n{module.TAGS_QUERY}")
