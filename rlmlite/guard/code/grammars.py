"""The definitions in source code, by tree-sitter (the extra `rlmlite[code]`).

Every grammar ships a query, its tags, that names what is a definition; `definitions` has a query more for each, so no
language has code of its own here. `python.tags` is Python by its tags only, as runs of old read it.

    find_definitions(b"class A:\\n  def f(self): ...\\n", "python")
    class A of [0, 27), whose name is at [6, 7), then function f of [11, 27); and True: all of it could be parsed

Native code that a hostile text can crash, so it is called in a worker only (`service`), which imports this module and
nothing of the kernel.
"""

from functools import cache
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from rlmlite.guard.code.definitions import MORE

if TYPE_CHECKING:
    from tree_sitter import Parser, Query


Span = tuple[int, int]
"""A start and a stop, in bytes."""

Definition = tuple[Span, Span, str]
"""The span of a definition, the span of its name, and its kind."""


class Found(NamedTuple):
    """Definitions as columns: see `rlmlite_kernel.values.parsers.Definitions`, which it has the fields of."""

    kind_names: list[str]
    kinds: list[int]
    starts: list[int]
    stops: list[int]
    name_starts: list[int]
    name_stops: list[int]
    is_sound: bool


class Grammar(NamedTuple):
    """A grammar: its package (after `tree_sitter_`), its function there, and the language whose tags it builds on."""

    package: str
    function: str = "language"
    after: str = ""


GRAMMARS = {
    "c": Grammar("c"),
    "cpp": Grammar("cpp"),
    "go": Grammar("go"),
    "java": Grammar("java"),
    "javascript": Grammar("javascript"),
    "php": Grammar("php", "language_php"),
    "python": Grammar("python"),
    "ruby": Grammar("ruby"),
    "rust": Grammar("rust"),
    "tsx": Grammar("typescript", "language_tsx", "javascript"),
    "typescript": Grammar("typescript", "language_typescript", "javascript"),
}
"""The grammar of each language that the kernel knows (`engines.cut.symbols.LANGUAGES`)."""

LIBRARIES = ("tree-sitter", *sorted({f"tree-sitter-{grammar.package}" for grammar in GRAMMARS.values()}))
"""The distributions whose versions decide what is found."""

_DEFINITION = "definition."

TAGS_ONLY = ".tags"
"""What the name of a language ends with that is to be read by its grammar's own tags alone."""


def modules_of(language: str) -> tuple[str, ...]:
    """The modules that reading a language takes."""
    grammar = GRAMMARS[language.removesuffix(TAGS_ONLY)]
    packages = [grammar.package, grammar.after] if grammar.after else [grammar.package]
    return ("tree_sitter", *(f"tree_sitter_{package}" for package in packages))


def find_definitions(source: bytes, language: str) -> Found:
    """The definitions in a text, outer before inner; and whether all of it could be parsed. Raises `ImportError`."""
    parser, query = _load_grammar(language)
    from tree_sitter import QueryCursor

    tree = parser.parse(source)
    found: dict[Span, dict[Span, str]] = {}
    matches = QueryCursor(query).matches(tree.root_node)
    tags_only = language.endswith(TAGS_ONLY)
    for _, captures in matches if tags_only else sorted(matches, key=itemgetter(0)):
        labels = [label for label in captures if label.startswith(_DEFINITION)]
        if not labels or "name" not in captures:
            # A reference, not a definition.
            continue
        node, name = captures[labels[0]][0], captures["name"][0]
        names = found.setdefault((node.start_byte, node.end_byte), {})
        place = (name.start_byte, name.end_byte)
        # Two patterns may match one node (a method is a function too): the first counts. But `const A, B = 1, 2` in Go
        # is one node that defines two names, which lie apart.
        if not names or not (tags_only or any(_overlap(place, other) for other in names)):
            names[place] = labels[0].removeprefix(_DEFINITION)
    definitions = [(span, name, kind) for span, names in found.items() for name, kind in names.items()]
    if not tags_only:
        definitions = _widest_of_each_name(definitions)
    definitions.sort(key=lambda each: (each[0][0], -each[0][1], each[1]))
    kind_names = sorted({kind for _, _, kind in definitions})
    numbers = {name: number for number, name in enumerate(kind_names)}
    return Found(
        kind_names=kind_names,
        kinds=[numbers[kind] for _, _, kind in definitions],
        starts=[span[0] for span, _, _ in definitions],
        stops=[span[1] for span, _, _ in definitions],
        name_starts=[name[0] for _, name, _ in definitions],
        name_stops=[name[1] for _, name, _ in definitions],
        is_sound=not tree.root_node.has_error,
    )


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _widest_of_each_name(definitions: list[Definition]) -> list[Definition]:
    """Of definitions with one name at one place, such as a function and its head, the widest."""
    widest: dict[Span, Definition] = {}
    for span, name, kind in definitions:
        known = widest.get(name)
        if known is None or span[1] - span[0] > known[0][1] - known[0][0]:
            widest[name] = (span, name, kind)
    return list(widest.values())


@cache
def _load_grammar(language: str) -> "tuple[Parser, Query]":
    name = language.removesuffix(TAGS_ONLY)
    grammar = GRAMMARS[name]
    import tree_sitter

    module = import_module(f"tree_sitter_{grammar.package}")
    # TypeScript's tags name only what JavaScript does not have.
    before = import_module(f"tree_sitter_{grammar.after}").TAGS_QUERY if grammar.after else ""
    compiled = tree_sitter.Language(getattr(module, grammar.function)())
    more = "" if language.endswith(TAGS_ONLY) else MORE[name]
    tags = f"{before}\n{module.TAGS_QUERY}\n{more}"
    return tree_sitter.Parser(compiled), tree_sitter.Query(compiled, tags)
