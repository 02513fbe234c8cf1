"""Inputs: the named values that a run begins with, and where each came from.

Loading is the shell's business. What it hands over says enough that somebody with the same files can load the same
value again and compare digests: for an answer from `report.pdf`, the file's digest, the text's digest, and the steps by
which a library made the one from the other.
"""

import msgspec

from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import Value


class Derivation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One step from the bytes of a file towards its text.

    `by` names the step (`gzip`, `decode`, `pypdf`), `version` the library's version where the result may depend on it.
    `how` is what it was told to do (an encoding), `why` how that was decided.
    """

    by: str
    version: str = ""
    how: str = ""
    why: str = ""


class SourceFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One file of an input: its path, the SHA-256 and size in bytes of its text.

    Where the text is not the file's own bytes, `original` is the SHA-256 of these. `replaced` counts the bad parts that
    became U+FFFD on the way. `recipe` is the 1-based number of its recipe in `Source.recipes`; 0 is none: the bytes
    themselves, or these with what is not valid UTF-8 replaced.
    """

    path: str
    digest: str
    size: int
    replaced: int = 0
    original: str = ""
    recipe: int = 0


class FileNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is to be said of reading one file of an input, beyond its recipe.

    `path` is the file's in its input, `what` a fact that may hold of many files in the same words ("comments were not
    read"), `where` the places in this file ("paragraph 3, 9"), `count` how many things it is about.
    """

    path: str
    what: str
    where: str = ""
    count: int = 1


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an input came from, enough to find it again.

    `path` is what the user named (a file, a folder, a glob, a URL without secrets), `None` for a value handed over in
    memory. `kind` is `text`, `documents`, `table`, `json`, or in a nested run `excerpts`.
    `skipped` lists files that were left out, with the reason.
    `content` is the ref of the blob that holds an input from memory; `begin` fills it in. `part` says that a text is
    only these bytes of its file's text, as a nested run's input can be.
    `recipes` are the steps by which files were derived, each recipe once; `archive` is the file whose members are the
    `files`: its size is its own, not that of a text.
    `notes` say what a reader left out or overrode within files that were read. `incomplete` is whether something was
    lost that a reader would expect: a damaged file, a page of a picture. What is left out by rule (hidden, ignored, not
    text) does not count.
    """

    kind: str
    path: str | None = None
    files: tuple[SourceFile, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    content: str | None = None
    part: tuple[int, int] | None = None
    recipes: tuple[tuple[Derivation, ...], ...] = ()
    archive: SourceFile | None = None
    notes: tuple[FileNote, ...] = ()
    incomplete: bool = False

    def recipe(self, file: SourceFile) -> tuple[Derivation, ...]:
        """The steps by which a file's text was derived. Raises `IndexError` for a recipe that is not there."""
        # Recipes count from 1, so that 0, the default that a trace leaves out, can stand for none.
        if file.recipe == 0:
            return ()
        return self.recipes[file.recipe - 1]

    def of_files(self, kind: str, files: tuple[SourceFile, ...], part: tuple[int, int] | None = None) -> "Source":
        """The source of an input made of some files of this one, or of a part of one: a nested run's.

        What was lost counts for the parent, where it is said.
        """
        paths = {file.path for file in files}
        notes = tuple(note for note in self.notes if note.path in paths)
        return msgspec.structs.replace(
            self, kind=kind, files=files, skipped=(), part=part, notes=notes, incomplete=False
        )

    def original(self, file: SourceFile) -> str:
        """SHA-256 of the file on disk that a text was derived from; empty if the text is that file."""
        # The members of an archive are not files on disk: whoever checks them needs the archive.
        if self.archive is not None:
            return self.archive.digest
        return file.original


class Input(msgspec.Struct, frozen=True):
    """An input's value, its source, and for an input in memory the content that the trace keeps.

    `memory` is the UTF-8 text of a `text`, the sheet of a `table`, the canonical JSON of a `json` value, or the
    document of `excerpts`: `texts` is then what the texts in the value are parts of, and `sources` are its rows.
    `recorded` is the source as a trace holds it, when the input is rebuilt from one: another version may have spelled
    the same source otherwise, and its ref is over the bytes.
    """

    value: Value
    source: Source
    memory: bytes | None = None
    recorded: bytes | None = None
    texts: Text | None = None
    sources: tuple[Spans, ...] = ()
