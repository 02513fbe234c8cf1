"""Recipes: by which steps each file of an input became text, as the trace records them.

A folder of 10,000 gzipped logs was read by one and the same recipe, so a recipe is recorded once and files refer to it
by number, from 1; 0 means that the text is the file's own bytes:

    recipes  1: [gzip]      2: [gzip, decode cp1252 (declared)]
    files    a.log.gz -> 1, b.log -> 0, c.log.gz -> 2

A replay takes the same steps again (`rlmlite.inputs.rederive`).

What a step could not carry over (`TextNote`) is recorded beside the recipes, file by file.
"""

import msgspec

from rlmlite_kernel.values.inputs import Derivation, FileNote, SourceFile

REDACT = "redact"
"""The step that a redaction is: `how` names what was redacted, `version` that of the detectors.

It is the label of the genesis, too, that names what a run redacts, so that a session goes on with it.
"""


class TextNote(msgspec.Struct, frozen=True):
    """What is to be said of how a file became text: see `FileNote`. With `is_loss`, words of the file are missing."""

    what: str
    where: str = ""
    count: int = 1
    is_loss: bool = False


class DerivedText(msgspec.Struct, frozen=True):
    """The text of a file: digest and size in bytes, the steps that produced it, how many bad parts became U+FFFD.

    Without steps it is the file's own bytes.
    """

    digest: str
    size: int
    steps: tuple[Derivation, ...]
    replaced: int = 0
    notes: tuple[TextNote, ...] = ()


class Recipes:
    """The recipes of one input, numbered in the order of their first use; and the notes on its files.

    `incomplete` is whether words of any file are missing.
    """

    def __init__(self) -> None:
        # The empty recipe has number 0 from the start: files that are their own text need no entry.
        self._numbers: dict[tuple[Derivation, ...], int] = {(): 0}
        self._notes: list[FileNote] = []
        self.incomplete = False

    def number(self, steps: tuple[Derivation, ...]) -> int:
        """The number of a recipe, a new one if it was not seen before; 0 for no steps."""
        return self._numbers.setdefault(steps, len(self._numbers))

    def all(self) -> tuple[tuple[Derivation, ...], ...]:
        """All recipes in the order of their numbers."""
        return tuple(self._numbers)[1:]

    def notes(self) -> tuple[FileNote, ...]:
        """The notes on all files, by path."""
        return tuple(sorted(self._notes, key=lambda note: (note.path, note.what, note.where)))

    def add_note(self, note: FileNote, is_loss: bool = False) -> None:
        """Add a note on a file."""
        self._notes.append(note)
        self.incomplete = self.incomplete or is_loss

    def entry(self, path: str, text: DerivedText, original: str) -> SourceFile:
        """The entry of a file in its source. `original` is the digest of the file's own bytes."""
        for note in text.notes:
            self.add_note(FileNote(path, note.what, note.where, note.count), note.is_loss)
        # Most files are their own text; leaving the second digest out keeps the records of large folders small.
        recorded_original = "" if text.digest == original else original
        return SourceFile(path, text.digest, text.size, text.replaced, recorded_original, self.number(text.steps))
