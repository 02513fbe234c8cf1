"""Inputs: named values that are there before the first turn, and where each came from."""

import msgspec

from rlmlite_kernel.values import Value


class SourceFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One file of an input: its path, the SHA-256 and size in bytes of its text.

    A file that is not valid UTF-8 was transcoded: `replaced` bad bytes became U+FFFD, `original` is its own SHA-256.
    """

    path: str
    digest: str
    size: int
    replaced: int = 0
    original: str = ""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an input came from, enough to find it again.

    `path` is what the user named (a file, a folder, a glob), `None` for a value handed over in memory.
    `kind` is `text`, `documents` or `json`. `skipped` lists files of a folder that were left out, with the reason.
    `content` is the ref of the blob that holds an input from memory; `begin` fills it in. `part` says that a text is
    only these bytes of its file, as a nested run's input can be.
    """

    kind: str
    path: str | None = None
    files: tuple[SourceFile, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    content: str | None = None
    part: tuple[int, int] | None = None


class Input(msgspec.Struct, frozen=True):
    """An input's value, its source, and for an input in memory the content that the trace keeps.

    `memory` is the UTF-8 text of a `text`, or the canonical JSON of a `json` value.
    """

    value: Value
    source: Source
    memory: bytes | None = None
