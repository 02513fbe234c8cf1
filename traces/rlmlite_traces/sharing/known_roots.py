"""Known roots: a text file in which roots are noted when they are known to be right, for whoever verifies later.

A root tells a trace from one that was rewritten or cut off, if it is known from elsewhere. So it is written down where
whoever holds the trace cannot write: a line for each, which is never changed:

    # rlmlite roots 1
    115ea831a04fad72971f3a978e763763 56cf83bedbe0… 6 2026-11-28T11:47:00Z -
    115ea831a04fad72971f3a978e763763 9d0a1c07aa3f… 9 2026-11-29T09:00:12Z 7c1e80…,f4616a…
    run                              root          records, time, and the ids of the keys that had signed it

Records are only appended, so a root over the first 6 of them stays true of a trace that has 9 by now, and is computed
again from these 6. What is said of a trace (`RootStanding`):

    6 and 9 known, and it has these 9     known
    6 known, and it has 9                 grown: the first 6 are as they were; the rest nobody vouches for
    9 known, and it has 6                 other: its end was cut off
    6 known, and it has another 6         other: it was altered, or is a fork, or a run with the same run key
    nothing known of its run              unknown, as is a trace that was rewritten under another run's name
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec

from rlmlite_kernel.records.merkle import Frontier, leaf
from rlmlite_traces.errors import OtherRootError, RootsFileError
from rlmlite_traces.files.guarded import Folder, folder_of, open_plain, write_all
from rlmlite_traces.format.reader import CheckedTrace

_HEAD: Final = b"# rlmlite roots 1\n"
_MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a file of roots: a million lines."""

_LINE: Final = re.compile(
    r"(?P<run>[\w.-]{1,128}) (?P<root>[0-9a-f]{64}) (?P<size>[1-9][0-9]{0,15}) "
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<signers>-|[0-9a-f]{64}(,[0-9a-f]{64})*)",
    re.ASCII,
)
_RUN: Final = re.compile(r"[\w.-]{1,128}", re.ASCII)


class RootStanding(Enum):
    """What a file of known roots says of a trace."""

    KNOWN = "known"
    GROWN = "grown"
    OTHER = "other"
    UNKNOWN = "unknown"


class KnownRoot(msgspec.Struct, frozen=True):
    """A root over the first `size` records of a run; when it was noted, and which keys had signed it then."""

    run: str
    root: str
    size: int
    time: str
    signers: tuple[str, ...] = ()

    def line(self) -> bytes:
        """It, as a line of the file."""
        return f"{self.run} {self.root} {self.size} {self.time} {','.join(self.signers) or '-'}\n".encode()


class Known(msgspec.Struct, frozen=True):
    """What is known of a trace, and the line by which it is: none of a run that is unknown."""

    standing: RootStanding
    by: KnownRoot | None = None

    def sentence(self) -> str:
        """In words."""
        if self.by is None:
            return "no root of this run is known"
        noted = f"noted {self.by.time}" + (f", signed by {', '.join(self.by.signers)}" if self.by.signers else "")
        match self.standing:
            case RootStanding.KNOWN:
                return f"its root is known ({noted})"
            case RootStanding.GROWN:
                return f"its first {self.by.size:,} records are known ({noted}); it has grown since"
            case _:
                return f"another root is known for this run: {self.by.root} over {self.by.size:,} records ({noted})"


class KnownRoots:
    """The roots in a file. Read it again to see what others have noted since."""

    def __init__(self, roots: Sequence[KnownRoot]) -> None:
        """Not for callers: see `read`."""
        self._by_run: dict[str, list[KnownRoot]] = {}
        for root in roots:
            self._by_run.setdefault(root.run, []).append(root)

    @classmethod
    def read(cls, path: Path) -> "KnownRoots":
        """The roots in a file; a last line without a newline is being written, and does not count yet.

        Raises `RootsFileError` for a file that cannot be read, or a line that is none, with its number.
        """
        try:
            descriptor, status = open_plain(path)
        except OSError as error:
            raise RootsFileError(path, error.strerror or "it cannot be opened") from None
        try:
            if status.st_size > _MOST_BYTES:
                raise RootsFileError(path, f"it has {status.st_size:,} bytes; at most {_MOST_BYTES:,} are read")
            return cls(list(_roots_in(_content(descriptor), path)))
        finally:
            os.close(descriptor)

    def standing(self, trace: CheckedTrace) -> Known:
        """What these roots say of a verified trace. One that contradicts it outweighs all others."""
        roots = self._by_run.get(trace.genesis.run, ())
        over = _roots_over(trace, {known.size for known in roots})
        for known in roots:
            if known.root != over.get(known.size):  # of more records than it has there is none
                return Known(RootStanding.OTHER, known)
        newest = max(roots, key=lambda known: known.size, default=None)
        if newest is None:
            return Known(RootStanding.UNKNOWN)
        return Known(RootStanding.KNOWN if newest.size == trace.size else RootStanding.GROWN, newest)


def witness(trace: CheckedTrace, path: Path, signers: Sequence[str] = (), now: datetime | None = None) -> Known:
    """Note the root of a verified trace, durably, in a file that is made if it is not there.

    Of several processes one writes at a time. A root that is known already is not noted again. `signers` are ids of
    keys that have been verified.

    Returns what was known before. Raises `OtherRootError` if that contradicts the trace, and `RootsFileError`.
    """
    if _RUN.fullmatch(trace.genesis.run) is None:
        raise RootsFileError(path, f"a run called {trace.genesis.run[:40]!r} cannot be noted: no run has such a name")
    moment = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with _open_to_append(path) as descriptor:
        content = _read_whole_lines(descriptor)
        known = KnownRoots(list(_roots_in(content, path))).standing(trace)
        if known.standing is RootStanding.OTHER and known.by is not None:
            raise OtherRootError(trace.root, known.sentence())
        if known.standing is not RootStanding.KNOWN:
            root = KnownRoot(trace.genesis.run, trace.root, trace.size, moment, tuple(signers))
            write_all(descriptor, (b"" if content else _HEAD) + root.line())
            os.fsync(descriptor)
    return known


def _roots_over(trace: CheckedTrace, sizes: Set[int]) -> dict[int, str]:
    """The roots over so many of the first records of a trace, as far as it has them."""
    roots, tree = {}, Frontier()
    for seq in range(min(max(sizes, default=0), trace.size)):
        tree.add(leaf(trace.line(seq)))
        if seq + 1 in sizes:
            roots[seq + 1] = tree.root()
    return roots


def _roots_in(content: bytes, path: Path) -> Iterator[KnownRoot]:
    *lines, _ = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        if line.startswith(b"#") or not line:
            continue
        match = _LINE.fullmatch(line.decode("ascii", "replace"))
        if match is None:
            raise RootsFileError(path, f"line {number} is not `RUN ROOT RECORDS TIME SIGNERS`")
        signers = () if match["signers"] == "-" else tuple(match["signers"].split(","))
        yield KnownRoot(match["run"], match["root"], int(match["size"]), match["time"], signers)


@contextmanager
def _open_to_append(path: Path) -> Iterator[int]:
    """The file, open for reading and appending, and nobody else's while the block lasts."""
    try:
        with folder_of(path) as folder:
            descriptor = _open(folder, path.name)
    except OSError as error:
        raise RootsFileError(path, error.strerror or "it cannot be opened") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    except OSError as error:
        raise RootsFileError(path, error.strerror or "it cannot be written") from None
    finally:
        os.close(descriptor)


def _open(folder: Folder, name: str) -> int:
    descriptor = folder.open_to_write(name, os.O_RDWR | os.O_APPEND)
    folder.sync()
    return descriptor


def _read_whole_lines(descriptor: int) -> bytes:
    """The lines of the file. What a crash left of one that was never finished is cut off."""
    content = _content(descriptor)
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.ftruncate(descriptor, len(whole))
    return whole


def _content(descriptor: int) -> bytes:
    size, blocks, at = os.fstat(descriptor).st_size, [], 0
    while at < size and (block := os.pread(descriptor, size - at, at)):
        blocks.append(block)
        at += len(block)
    return b"".join(blocks)
