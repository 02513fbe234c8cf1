"""Where a file of an input can be: at the place that the caller names, or where a trace says that it was.

A caller names a file or a folder. In a folder the recorded name is looked up, and it must stay in there:

    --input logs=/data/logs     a/b.log             /data/logs/a/b.log
                                ../../etc/shadow    /data/logs/shadow: only its last part, since it leads out of there
    recorded as data/           a/b.log             data/a/b.log, data, a/b.log

What a caller names is followed wherever it leads. A recorded path is not: the file itself must be plain, since whoever
can put a link there could choose what is read.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from rlmlite_traces.files.guarded import Folder, folder_of, open_plain, write_all
from rlmlite_traces.files.mapped import HashedFile, hash_open
from rlmlite_traces.limits import ReaderLimits

_GLOB = "*?["


class Place(msgspec.Struct, frozen=True):
    """A file that may be there: at `path`, or in that folder under `names`, below which no link is followed.

    With `is_plain`, the file at `path` itself may not be a link either.
    """

    path: Path
    names: tuple[str, ...] = ()
    is_plain: bool = False

    def __str__(self) -> str:
        return str(self.path.joinpath(*self.names))

    def hash(self, text: bool) -> HashedFile | None:
        """The file with its digest, and with `text` whether it is UTF-8; `None` if nothing is there.

        Raises `OSError` for what is no plain file, and `InputChangedError`. The recorded folder of a file is no file.
        """
        if self.is_plain and self.path.is_dir():
            return None
        try:
            descriptor = self._open()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return hash_open(descriptor, Path(str(self)), text)

    def _open(self) -> int:
        if self.names:
            return _open_below(Folder.open(self.path), self.names)
        if self.is_plain:
            with folder_of(self.path) as folder:
                return folder.open_file(self.path.name)
        return open_plain(self.path)[0]


class Search:
    """The files that were looked at for one replay, each hashed once, within the bytes that the reader allows.

    A trace may name one large file a hundred thousand times, with a digest that it does not have. `along` are files
    that came with the trace (`CheckedTrace.inputs`), by the digests that they are named by.
    """

    def __init__(self, limits: ReaderLimits, along: Mapping[str, Path] = {}) -> None:
        self._limits, self._bytes, self._along = limits, 0, along
        self._seen: dict[tuple[Place, bool], HashedFile | None] = {}

    def hash(self, place: Place, text: bool) -> HashedFile | None:
        """See `Place.hash`. Raises as that, and `OverLimitError` before a file is read that is too much."""
        # A trace may name anything, and no file has such a name.
        if "\0" in str(place):
            return None
        if (place, text) not in self._seen:
            with suppress(OSError):  # if nothing is there, the attempt below says so
                self._bytes += os.stat(str(place)).st_size
            self._limits.check("searched_bytes", self._bytes, "the files in which inputs were looked for have")
            self._seen[place, text] = place.hash(text)
        return self._seen[place, text]

    def hash_along(self, digest: str, text: bool, scratch: Callable[[], Path]) -> HashedFile | None:
        """The file of this digest that came with the trace, if one did and has it.

        That of a packed trace is copied to the folder `scratch()` gives: what is derived from a file needs its path.
        Raises as `hash`.
        """
        place = self._along.get(digest)
        if place is None:
            return None
        with Folder.open(place.parent.parent) as trace, trace.below(place.parent.name) as folder:
            self._bytes += folder.status(place.name).st_size
            self._limits.check("searched_bytes", self._bytes, "the files in which inputs were looked for have")
            if folder.is_packed:
                place = _copy(folder, place.name, scratch() / place.name)
                descriptor, _ = open_plain(place, follow_link=False)
            else:
                descriptor = folder.open_file(place.name)
        found = hash_open(descriptor, place, text)
        return found if found.digest == digest else None


def candidates(name: str, place: Path | None, recorded: str | None) -> Iterator[Place]:
    """Where a file of this name can be: only at `place`, if the caller names one, else where the recorded path says.

    The recorded path may be the file, its folder, or a pattern. Of a pattern the folder is the part before the first
    wildcard: `logs/2026-*/*.log` gives `logs`.
    """
    if place is not None:
        yield Place(place, _names_below(name)) if place.is_dir() else Place(place)
        return
    if recorded is not None:
        parts = Path(recorded).parts
        wildcards = (at for at, part in enumerate(parts) if any(sign in part for sign in _GLOB))
        folder = parts[: next(wildcards, len(parts))]
        yield Place(Path(*folder), _names_below(name))
        yield Place(Path(recorded), is_plain=True)
    yield Place(Path(name), is_plain=True)


def _names_below(name: str) -> tuple[str, ...]:
    """The names that lead to a file of a folder; only the last one of a path that leads out of it."""
    path = Path(name)
    leads_out = path.is_absolute() or ".." in path.parts
    return path.parts[-1:] if leads_out else path.parts


def _copy(folder: Folder, name: str, place: Path) -> Path:
    with folder_of(place) as scratch:
        if not scratch.exists(place.name):
            descriptor = scratch.create(place.name)
            try:
                for block in folder.blocks(name):
                    write_all(descriptor, block)
            finally:
                os.close(descriptor)
    return place


def _open_below(folder: Folder, names: tuple[str, ...]) -> int:
    """A descriptor of a file in an open folder, which is closed on the way down."""
    for name in names[:-1]:
        with folder:
            folder = folder.below(name)
    with folder:
        return folder.open_file(names[-1])
