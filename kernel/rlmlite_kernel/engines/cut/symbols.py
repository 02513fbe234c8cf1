"""Symbols of source code: in which languages they are found, in which texts, and what one is.

    language_of("src/car.py")              "python"
    nesting_depth(b"f(g([1]))", 0, 9)      3: deeper than `DEEPEST` is not parsed

Not here: the parser. It belongs to the host (`values.parsers`).
"""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, octets

LONGEST = 4_000_000
"""Bytes of the longest text that is parsed: people write none that are longer."""

DEEPEST = 1_000
"""The deepest nesting of brackets that is parsed: deeper text is not code, and would take minutes."""

WEIGHT = 32
"""Work units per byte of source: parsing is that much slower than searching."""


LANGUAGES = ("c", "cpp", "go", "java", "javascript", "php", "python", "ruby", "rust", "tsx", "typescript")
"""The languages that can be read."""

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
