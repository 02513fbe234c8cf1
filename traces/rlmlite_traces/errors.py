"""What can be wrong with a trace or a store, as host faults: they are raised, and nothing was changed.

Not here: mistakes of a program (`rlmlite_kernel.faults`: data in a receipt), files that changed under a run
(`rlmlite_kernel.blobs.InputChangedError`).
"""

from pathlib import Path


class TraceError(Exception):
    """Base of everything that this package raises about a trace."""


class TraceExistsError(TraceError):
    """A trace cannot be created where something is already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already; open it to go on with it, or choose another name")
        self.path = path


class TraceMissingError(TraceError):
    """A file that every trace has is not there, or is no plain file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class TraceLockedError(TraceError):
    """Another process or another `Log` writes this trace."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is being written by someone else; a trace has one writer")
        self.path = path


class TraceSealedError(TraceError):
    """A sealed trace takes no more records."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is sealed: its run has ended and nothing can be added")
        self.path = path


class TraceBrokenError(TraceError):
    """A line that is not what an honest writer would have written.

    `check` names the rule that it breaks, `position` is the line's number from 0.
    """

    def __init__(self, file: str, position: int, check: str, expected: str, found: str) -> None:
        super().__init__(f"{file}: line {position}: {check}: expected {_short(expected)}, found {_short(found)}")
        self.file, self.position, self.check = file, position, check
        self.expected, self.found = expected, found


class BlobAbsentError(TraceError):
    """Content that a record refers to is not in the trace.

    `changed`: something that nothing refers to is there instead. A line of `blobs.jsonl` does not name its content, so
    one that was changed is another content.
    """

    def __init__(self, ref: str, referrer: str, changed: bool = False) -> None:
        instead = "; a content that nothing refers to is there instead, so it was changed" if changed else ""
        super().__init__(f"{referrer} refers to blob {ref[:12]}, which is absent{instead}")
        self.ref, self.referrer, self.changed = ref, referrer, changed


class BlobMismatchError(TraceError):
    """Content that is not what its ref commits to."""

    def __init__(self, ref: str, found: str) -> None:
        super().__init__(f"blob {ref[:12]}: the content is another one ({_short(found)})")
        self.ref, self.found = ref, found


class BlobUnreferencedError(TraceError):
    """A trace holds content that no record refers to."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"no record refers to blob {ref[:12]}")
        self.ref = ref


class RootMismatchError(TraceError):
    """The trace is consistent in itself, and is not the one that is known by this root."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected the root {expected}, found {found}: altered, cut at a record, or another run")
        self.expected, self.found = expected, found


class LevelError(TraceError):
    """The trace is sound, but proves less than was asked for."""

    def __init__(self, asked: str, found: str) -> None:
        super().__init__(
            f"asked for {asked}, found {found}. An open trace has no seal: its run goes on, was killed, "
            "or its end was cut off; without a known root these look alike"
        )
        self.asked, self.found = asked, found


class UnknownFormatError(TraceError):
    """A trace of a format, or with a flag, that this version does not know: refused, never read "probably"."""

    def __init__(self, what: str, known: int, found: object) -> None:
        super().__init__(f"this trace has {what} {found}; this version knows {known}")
        self.what, self.known, self.found = what, known, found


class StoreError(Exception):
    """Base of everything that this package raises about a store of contents."""


class StoreMissingError(StoreError):
    """There is no store at a path, or something else is there."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class StoreReadOnlyError(StoreError):
    """Content cannot be added to a store that this process may only read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the store {path} can only be read here ({reason})")
        self.path, self.reason = path, reason


class StoreWriteError(StoreError):
    """The machine refused what a store needed: a full disk, a file that is not ours. Nothing is left of it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the store {path} cannot be written: {reason}")
        self.path, self.reason = path, reason


class StoreCorruptError(StoreError):
    """Something in a store is not what was put there. It is never read as if it were."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(
            f"{path} is damaged: expected {_short(expected)}, found {_short(found)}; "
            "see `rlmlite store verify`, which moves damaged objects aside when asked (--quarantine)"
        )
        self.path, self.expected, self.found = path, expected, found


class StoreBusyError(StoreError):
    """Nothing can be removed while a process reads that has no lease."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is being read by a process that may not write its lease; nothing was removed")
        self.path = path


def _short(text: str) -> str:
    """Enough of a fact to recognise it; the whole is in the error's fields."""
    return text if len(text) <= 80 else text[:77] + "..."
