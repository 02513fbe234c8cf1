"""The members of zip and tar archives, one by one: a job for a worker. Nothing is ever written under a member's name.

A name is only a label in the trace, so `../../etc/passwd` and `/etc/passwd` do no harm. The same members are skipped
as files in a folder are: hidden ones, caches, links, anything that is not a regular file; also encrypted members.

The two formats differ in what damage means. A zip has a directory, so one damaged member can be skipped and the rest
read. A tar is one stream: after damage nobody knows what would have followed, so the whole archive is refused
(`BrokenArchiveError`) rather than read as a shorter one.
"""

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import msgspec

from rlmlite.errors.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.guard.worker.child import Assignment
from rlmlite.inputs.folders.listing import NOT_ENTERED
from rlmlite.inputs.parsers.damage import DAMAGE
from rlmlite_traces.errors import words_of

_BLOCK = 1024 * 1024
"""Bytes of a member that travel together."""

_ENCRYPTED = 0x1
"""The flag bit of a zip member that needs a password."""

# A `RuntimeError` is a password or a way of packing that is not supported.
_ZIP_ERRORS = (zipfile.BadZipFile, RuntimeError, *DAMAGE)
_TAR_ERRORS = (tarfile.TarError, *DAMAGE)
_TAR_END: type[tarfile.HeaderError] = tarfile.EOFHeaderError  # type: ignore[attr-defined]  # missing in typeshed
_FILE_END: type[tarfile.HeaderError] = tarfile.EmptyHeaderError  # type: ignore[attr-defined]  # missing in typeshed


MAX_PATH = 4_096
"""Bytes of a member's path, as for a file's on Linux. A header may hold a longer one; such a member is skipped."""


class Head(msgspec.Struct, frozen=True, tag=True):
    """A message: the next member. Its blocks follow, then an `End`; neither does for one with a reason to skip it."""

    path: str
    skip_reason: str = ""


class End(msgspec.Struct, frozen=True, tag=True):
    """A message: the end of a member, with a fault if it is damaged, as `UnreadableError` says it."""

    reason: str = ""
    detail: str = ""


class Broken(msgspec.Struct, frozen=True, tag=True):
    """A message: the archive is damaged, or ends early. It is the last one."""

    fault: str


def unpack_members(assignment: Assignment) -> Iterator[Any]:
    """The members of an archive: messages, and blocks between the `Head` and the `End` of each.

    argument: the kind, `zip` or `tar`, and the paths of the members that are wanted, or None for all. files: the zip.
    feed: the tar.
    """
    kind, wanted = assignment.argument
    source, read_members = (assignment.files[0], zip_members) if kind == "zip" else (assignment.feed, tar_members)
    assert source is not None
    with os.fdopen(source, "rb", buffering=_BLOCK) as file:
        try:
            for member in read_members(file):
                if wanted is None or member.path in wanted:
                    yield from _unpack(member)
        except BrokenArchiveError as error:
            yield Broken(error.fault)


def _unpack(member: "Member") -> Iterator[Any]:
    yield Head(member.path, member.skip_reason)
    if member.skip_reason:
        return
    fault = End()
    try:
        yield from member.blocks()
    except UnreadableError as error:
        fault = End(error.reason, error.detail)
    yield fault


class Member(msgspec.Struct, frozen=True):
    """A file of an archive: its path, and its blocks or the reason to skip it.

    `blocks` must be read before the next member is requested: a tar cannot go back.
    """

    path: str
    skip_reason: str = ""
    blocks: Callable[[], Iterator[bytes]] = lambda: iter(())


def zip_members(file: BinaryIO) -> Iterator[Member]:
    """The members of a zip, in the order of its directory. Raises `BrokenArchiveError` if the directory is damaged."""
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_ERRORS as error:
        raise BrokenArchiveError(f"zip: {words_of(error)}") from None
    for info in archive.infolist():
        # As `ZipInfo.is_dir` says, which fails for a name that is empty.
        if info.filename.endswith("/"):
            continue
        path, reason = _label(info.filename)
        # An encrypted member would raise only when it is read; the flag says so before.
        if not reason and info.flag_bits & _ENCRYPTED:
            reason = "encrypted"
        yield Member(path, reason, _zip_blocks(archive, info))


def _zip_blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Iterator[bytes]]:
    def blocks() -> Iterator[bytes]:
        # Opened when it is read: a zip may have very many members, and each would hold a decompressor.
        try:
            with archive.open(info) as file:
                yield from _blocks(file)
        except _ZIP_ERRORS as error:
            raise UnreadableError("damaged", f"zip: {words_of(error)}") from None

    return blocks


def tar_members(stream: BinaryIO) -> Iterator[Member]:
    """The members of a tar, as they come. Raises `BrokenArchiveError` if it is damaged or ends early."""
    try:
        # Past the end mark, since tars may follow one another, as `cat a.tar b.tar` makes them.
        with tarfile.open(
            fileobj=stream, mode="r|", tarinfo=_StrictTarInfo, encoding="utf-8", ignore_zeros=True
        ) as archive:
            for info in archive:
                if not info.isdir():
                    yield _tar_member(archive, info)
                # `tarfile` keeps every member that it has seen; over millions of them that is memory.
                archive.members.clear()  # type: ignore[attr-defined]  # missing in typeshed
        # What follows the end mark is read as well, so that the checksum of a compressed tar is verified.
        for _ in _blocks(stream):
            continue
    except _TAR_ERRORS as error:
        raise _broken_tar(error) from None


class _StrictTarInfo(tarfile.TarInfo):
    """Makes a damaged header an error. By default `tarfile` takes it for the end, and the rest would be lost."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_StrictTarInfo":
        """See `tarfile.TarInfo.fromtarfile`."""
        try:
            info = super().fromtarfile(archive)
            archive.after_mark = False  # type: ignore[attr-defined]
            return info
        # A block of zeros, the end mark: a `HeaderError` too, but no damage.
        except _TAR_END:
            archive.after_mark = True  # type: ignore[attr-defined]
            raise
        # The end of the file, which may come after a mark only.
        except _FILE_END as error:
            if getattr(archive, "after_mark", False):
                raise
            raise tarfile.ReadError(f"{error}, where a header or the end mark should be") from None
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error}, where a header or the end mark should be") from None


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    path, reason = _label(info.name)
    # A hard link is a second name of an earlier member. Going back to it is not possible in a stream.
    if info.issym():
        reason = reason or "symbolic link"
    elif info.islnk():
        reason = reason or "hard link"
    elif not info.isreg():
        reason = reason or "not a regular file"

    def blocks() -> Iterator[bytes]:
        try:
            yield from _blocks(archive.extractfile(info))
        except _TAR_ERRORS as error:
            raise _broken_tar(error) from None

    return Member(path, reason, blocks)


def _broken_tar(error: Exception) -> BrokenArchiveError:
    return BrokenArchiveError(f"tar: {words_of(error)}")


def _label(name: str) -> tuple[str, str]:
    """The path of a member for the trace, and the reason to skip it by its name, if any.

    Where a folder on the way is the reason, the path ends there, as in a listing of a folder:

        ./src/app.py         ("src/app.py", "")
        src/.git/config      ("src/.git/", "hidden")
        a/__pycache__/x.pyc  ("a/__pycache__/", "cache")
    """
    # `tarfile` keeps bytes that are not UTF-8 as lone surrogates, which no trace may hold.
    spelled = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    parts = [part for part in PurePosixPath(spelled).parts if part != "."]
    for depth, part in enumerate(parts, 1):
        is_folder = depth < len(parts)
        # `..` is not hidden. It is kept in the label: nothing is ever written under it.
        hidden = part.startswith(".") and part != ".."
        reason = NOT_ENTERED.get(part, "hidden" if hidden else "")
        # A plain file may be called `__pycache__`: only a folder of that name is a cache.
        counts = hidden or is_folder
        if reason and counts:
            up_to_here = "/".join(parts[:depth])
            slash = "/" if is_folder else ""
            return up_to_here + slash, reason
    # `PurePosixPath("/a").parts` begins with "/", which the join would double.
    path = "/".join(parts).replace("//", "/", 1)
    if spelled != name:
        return path, "name is not valid Unicode"
    if not path:
        return path, "it has no name"
    if len(path.encode()) > MAX_PATH:
        return path[:100] + "…", "its name is too long"
    return path, ""


def _blocks(file: Any) -> Iterator[bytes]:
    """The rest of a file object."""
    while block := file.read(_BLOCK):
        yield block
