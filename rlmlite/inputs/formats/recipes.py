"""Recipes: by which steps each file of an input became text, as the trace records them.

A folder of 10,000 gzipped logs was read by one and the same recipe, so a recipe is recorded once and files refer to it
by number, from 1; 0 means that the text is the file's own bytes:

    recipes  1: [gzip]      2: [gzip, decode cp1252 (declared)]
    files    a.log.gz -> 1, b.log -> 0, c.log.gz -> 2

A replay takes the same steps again (`rlmlite.inputs.rederive`).
"""

import msgspec

from rlmlite_kernel.values.inputs import Derivation, SourceFile


class DerivedText(msgspec.Struct, frozen=True):
    """The text of a file: digest and size in bytes, the steps that produced it, how many bad parts became U+FFFD.

    Without steps it is the file's own bytes.
    """

    digest: str
    size: int
    steps: tuple[Derivation, ...]
    replaced: int = 0


class Recipes:
    """The recipes of one input, numbered in the order of their first use."""

    def __init__(self) -> None:
        # The empty recipe has number 0 from the start: files that are their own text need no entry.
        self._numbers: dict[tuple[Derivation, ...], int] = {(): 0}

    def number(self, steps: tuple[Derivation, ...]) -> int:
        """The number of a recipe, a new one if it was not seen before; 0 for no steps."""
        return self._numbers.setdefault(steps, len(self._numbers))

    def all(self) -> tuple[tuple[Derivation, ...], ...]:
        """All recipes in the order of their numbers."""
        return tuple(self._numbers)[1:]

    def entry(self, path: str, text: DerivedText, original: str) -> SourceFile:
        """The entry of a file in its source. `original` is the digest of the file's own bytes."""
        # Most files are their own text; leaving the second digest out keeps the records of large folders small.
        recorded_original = "" if text.digest == original else original
        return SourceFile(path, text.digest, text.size, text.replaced, recorded_original, self.number(text.steps))
