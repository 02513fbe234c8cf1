"""What can be wrong with a trace or a store, as host faults: they are raised, and nothing was changed before.

One class for each thing that a caller would handle differently. The fields hold the facts in full; the message says
what was expected, what was found, and what to do, with long facts shortened.

Not here: mistakes of a program, which are data in a receipt (`rlmlite_kernel.program.faults`), and files that changed
under a run (`rlmlite_kernel.values.blobs.InputChangedError`).
"""

import os
from pathlib import Path


def words_of(error: BaseException) -> str:
    """An error for people. What the system said has no number: `app.log: Permission denied`.

    `str` of it would be `[Errno 13] Permission denied: 'app.log'`.
    """
    if not isinstance(error, OSError):
        return str(error)
    words = error.strerror or str(error)
    names = isinstance(error.filename, str | bytes | os.PathLike)  # it may be the number of a descriptor
    return f"{os.fsdecode(error.filename)}: {words}" if names else words


class TraceError(Exception):
    """The base of all errors about a trace."""


class TraceExistsError(TraceError):
    """There is already something at the path where a trace should be created."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already; open it to continue it, or choose another path")
        self.path = path


class TraceMissingError(TraceError):
    """A file that every trace has does not exist, or is not a plain file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class TraceWriteError(TraceError, OSError):
    """The system refused to write to a trace, for example on a full disk. What was recorded before is whole.

    `records` is how many records the trace has.
    """

    def __init__(self, path: Path, reason: str, records: int) -> None:
        stands = f"the trace is valid up to record {records - 1}" if records else "it has no record yet"
        super().__init__(f"{path} cannot be written: {reason}; {stands}. Make room, and open it again to go on")
        self.path, self.reason, self.records = path, reason, records


class TraceLockedError(TraceError):
    """Another process, or another `Log` in this one, is writing this trace."""

    def __init__(self, path: Path, waited: float = 0) -> None:
        said = f"; it was waited for {waited:g} seconds: try again when that has ended" if waited else ""
        super().__init__(f"{path} is being written by another process or `Log`; a trace has one writer at a time{said}")
        self.path = path


class TraceOpenError(TraceError):
    """A trace that has to be finished first: its run goes on, or was stopped."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is open, so its run could still need what is in it: let the run end, resume it, or remove the "
            "whole trace (rlmlite trace gc --open)"
        )
        self.path = path


class TraceSealedError(TraceError):
    """A sealed trace accepts no more records."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is sealed: its run has ended, and nothing can be added")
        self.path = path


class TraceBrokenError(TraceError):
    """A line differs from what a correct writer would have written.

    `check` names the rule that it breaks, `position` is the number of the line in `file`, counted from 0.
    """

    def __init__(self, file: str, position: int, check: str, expected: str, found: str) -> None:
        super().__init__(f"{file}: line {position}: {check}: expected {_short(expected)}, found {_short(found)}")
        self.file, self.position, self.check = file, position, check
        self.expected, self.found = expected, found


class BlobAbsentError(TraceError):
    """Content that a record refers to is not in the trace.

    `changed` says that the trace holds, in its place, content that no record refers to. A line of `blobs.jsonl` does
    not carry the ref of its content, so a line that was altered looks like one content missing and another one extra.
    """

    def __init__(self, ref: str, referrer: str, changed: bool = False) -> None:
        message = f"{referrer} refers to blob {ref[:12]}, which is absent"
        if changed:
            message += "; in its place the trace holds content that no record refers to, so it was altered"
        super().__init__(message)
        self.ref, self.referrer, self.changed = ref, referrer, changed


class BlobMismatchError(TraceError):
    """Content does not match the ref under which the trace holds it."""

    def __init__(self, ref: str, found: str) -> None:
        super().__init__(f"blob {ref[:12]}: the content does not match its ref: {_short(found)}")
        self.ref, self.found = ref, found


class BlobUnreferencedError(TraceError):
    """The trace holds content that no record refers to."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"the trace holds blob {ref[:12]}, to which no record refers")
        self.ref = ref


class RootMismatchError(TraceError):
    """The trace is consistent in itself, but it is not the one that this root identifies."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"expected root {expected}, found {found}: it was altered, cut off after a record, or is of another run"
        )
        self.expected, self.found = expected, found


class LevelError(TraceError):
    """The trace is consistent, but it proves less than was asked for."""

    def __init__(self, asked: str, found: str) -> None:
        if asked == "SIGNED":
            super().__init__(f"expected a signed trace, found level {found}: name the key of whoever signed it (--key)")
            self.asked, self.found = asked, found
            return
        super().__init__(
            f"expected level {asked}, found {found}. An open trace has no seal: its run is still going on, was killed, "
            "or the end of the trace was cut off. Only a root that you know from elsewhere can tell these apart"
        )
        self.asked, self.found = asked, found


class UnknownFormatError(TraceError):
    """The trace has a format or a flag that this version does not know. It is refused rather than read by guessing."""

    def __init__(self, what: str, known: int, found: object) -> None:
        super().__init__(
            f"the trace has {what} {found}, and this version knows {known}; use the version of rlmlite that wrote it"
        )
        self.what, self.known, self.found = what, known, found


class OverLimitError(TraceError):
    """The trace asks for more than this reader allows. It may be honest: whoever trusts it can allow more."""

    def __init__(self, bound: str, allowed: int, found: int, what: str = "the trace has") -> None:
        super().__init__(
            f"{bound}: {what} {found:,}, this reader allows {allowed:,}; allow more with --allow {bound}={found}, "
            f"in Python with ReaderLimits({bound}={found})"
        )
        self.bound, self.allowed, self.found = bound, allowed, found


class PackBrokenError(TraceError, OSError):
    """A packed trace is not the file that packing it gives: it was altered, or another program wrote it."""

    def __init__(self, file: str, where: str, expected: str) -> None:
        super().__init__(
            f"{file} is not a packed trace as `rlmlite trace pack` writes it: {where}: expected {_short(expected)}"
        )
        self.file, self.where, self.expected = file, where, expected


class PackEncryptedError(TraceError, OSError):
    """A packed trace is encrypted, and can only be read by whoever has an identity; `reason` says why one failed."""

    def __init__(self, path: Path, reason: str = "") -> None:
        advice = f"unpack it first: rlmlite trace unpack {path} DIR --identity FILE"
        super().__init__(f"{path} cannot be decrypted: {reason}" if reason else f"{path} is encrypted; {advice}")
        self.path, self.reason = path, reason


class RecipientError(TraceError):
    """A text names nobody to encrypt for."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"the recipient {_short(text)!r} is neither one of age (age1...) nor an SSH key: {reason}")
        self.text, self.reason = text, reason


class PackChangedError(TraceError):
    """A file changed after it was checked and before it was packed or unpacked. Nothing is left of what was written."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(f"{name} changed while it was copied: expected {expected}, found {found}")
        self.name, self.expected, self.found = name, expected, found


class NestedDiffersError(TraceError):
    """The trace of a nested run is not the one that its parent recorded, so the whole is not passed on."""

    def __init__(self, id_: str, reason: str) -> None:
        super().__init__(f"nested run {id_}: its trace is not the recorded one: {reason}")
        self.id, self.reason = id_, reason


class InputDiffersError(TraceError):
    """A file that came along with a trace as one of its inputs has other content than the input had."""

    def __init__(self, file: str, found: str) -> None:
        super().__init__(f"{file} is not the file that the run read: its SHA-256 is {found}")
        self.file, self.found = file, found


class SignatureError(TraceError):
    """A trace is not signed as was demanded. `check` is the rule that was broken.

    `envelope`: it cannot be read; `other-trace`: it is about another one; `keyid`: the key that was asked for has not
    signed it; `signature`: the signature that is there was not made by that key.
    """

    def __init__(self, check: str, expected: str, found: str) -> None:
        super().__init__(f"trace.dsse.json: {check}: expected {expected}, found {found}")
        self.check, self.expected, self.found = check, expected, found


class KeyFileError(TraceError):
    """A file holds no key that can be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the key {path}: {reason}")
        self.path, self.reason = path, reason


class KeyExistsError(TraceError):
    """There is something at the path where a key should be written. A key is never overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already, and a key is never overwritten; choose another path")
        self.path = path


class RootsFileError(TraceError):
    """A file of known roots cannot be read or written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the file of known roots {path}: {reason}")
        self.path, self.reason = path, reason


class OtherRootError(TraceError):
    """Another root is known for the run of a trace than it has: it was altered, cut off, or is a fork."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"{known}; this trace has {found}: it was altered, cut off after a record, is a fork, or another run with "
            "the same run key"
        )
        self.found, self.known = found, known


class NotUpgradedError(TraceError):
    """A trace of an older format cannot be written as one of today's that says the same."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be upgraded: {reason}; it is still verified and replayed as it is")
        self.path, self.reason = path, reason


class MissingExtraError(TraceError):
    """What was asked for needs a library that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what}: pip install 'rlmlite[{extra}]'")
        self.extra = extra


class StoreError(Exception):
    """The base of all errors about a store of contents."""


class StoreMissingError(StoreError):
    """There is no store at a path, or there is something else."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class StoreReadOnlyError(StoreError):
    """Content should be added to a store that this process may only read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the store {path} can only be read here ({reason})")
        self.path, self.reason = path, reason


class StoreWriteError(StoreError):
    """The system refused to write to a store, for example on a full disk. Nothing of the content is left there."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the store {path} cannot be written: {reason}")
        self.path, self.reason = path, reason


class StoreCorruptError(StoreError):
    """A file in a store is not what was put there. It is never read as if it were."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(
            f"{path} is damaged: expected {_short(expected)}, found {_short(found)}; "
            "`rlmlite store verify` checks all objects, and with --quarantine moves damaged ones aside"
        )
        self.path, self.expected, self.found = path, expected, found


class StoreBusyError(StoreError):
    """Another process holds the store. Nothing can be removed while one without a lease reads it."""

    def __init__(self, path: Path, reason: str = "") -> None:
        reason = reason or "it is being read by a process that may not write there, so nothing was removed"
        super().__init__(f"the store {path} is busy: {reason}; try again later")
        self.path, self.reason = path, reason


def _short(text: str) -> str:
    """Enough of a fact to recognise it. The error's fields hold all of it."""
    return text if len(text) <= 80 else text[:77] + "..."
