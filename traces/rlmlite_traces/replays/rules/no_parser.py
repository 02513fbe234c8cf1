"""A replay without a parser of source code, which the caller need not have.

A run on a machine with a parser records its versions, and most runs never parse. So their absence is told, and excuses
a difference, only if a step asked for the parser:

    recorded engines  numpy 2.4, tree-sitter 0.26        here  numpy 2.4, no parser
    no step parses                                       no difference of engines
    a step calls `symbols`                               tree-sitter: 0.26 recorded, none here
"""

from collections.abc import Mapping

from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.parsers import CodePart, Definitions, NoParser


class MissedParser(NoParser):
    """`NO_PARSER` for one replay: `is_missed` says whether a step asked for a parser."""

    def __init__(self) -> None:
        self.is_missed = False

    def find_definitions(self, part: CodePart, content: Content) -> Definitions:
        """Raises `ParserMissingError`."""
        self.is_missed = True
        return super().find_definitions(part, content)


def parser_engines(recorded: Mapping[str, str], here: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The recorded versions that only a parser can have named, each with an empty text for what is here."""
    return {name: (version, "") for name, version in sorted(recorded.items()) if name not in here}
