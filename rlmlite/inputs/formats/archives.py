"""Archives, member by member: zip and tar. Nothing is ever written under a member's name.

A name is a label in the trace, so `../../etc/passwd` and `/etc/passwd` do no harm. What is left out is as in a folder:
hidden, caches, links, what is no regular file; besides, what is encrypted or damaged.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import msgspec

from rlmlite.inputs.folders.listing import NOT_ENTERED
from rlmlite.inputs.formats.streams import ContentFile, Stream, of_file
from rlmlite.inputs.formats.unfit import UnfitError
from rlmlite_kernel.values.blobs import Content

_ENCRYPTED = 0x1
"""The flag of a zip member that needs a password."""


class BrokenError(Exception):
    """An archive that is damaged or ends early: what it would have held besides is not known."""


class Member(msgspec.Struct, frozen=True):
    """A file of an archive by its name, or why it is left out. `blocks` is good until the next member is asked for."""

    path: str
    reason: str = ""
    blocks: Callable[[], Iterator[bytes]] = lambda: iter(())


def of_zip(content: Content) -> Iterator[Member]:
    """The members of a zip, in the order of its directory. Raises `BrokenError` when that is damaged."""
    try:
        archive = zipfile.ZipFile(ContentFile(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise BrokenError(f"zip: {error}") from None
    for info in archive.infolist():
        if info.is_dir():
            continue
        path, reason = _named(info.filename)
        if not reason and info.flag_bits & _ENCRYPTED:
            reason = "encrypted"
        yield Member(path, reason, _opener(archive, info))


def zip_sizes(content: Content) -> int:
    """How many bytes the members of a zip say that they unpack to. Raises `UnfitError`."""
    try:
        return sum(info.file_size for info in zipfile.ZipFile(ContentFile(content)).infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise UnfitError("damaged", f"zip: {error}") from None


def of_tar(stream: Stream) -> Iterator[Member]:
    """The members of a tar, as they come. Raises `BrokenError` when it is damaged or ends early."""
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Whole, encoding="utf-8") as archive:
            for info in archive:
                if not info.isdir():
                    yield _tar_member(archive, info)
                archive.members.clear()  # type: ignore[attr-defined]  # typeshed has it not; it would keep every one
        for _ in stream.blocks():  # so that what compressed it is checked to its end
            continue
    except _BROKEN as error:
        raise _broken(error) from None


_BROKEN = (tarfile.TarError, EOFError, OSError, UnfitError)


_END: type[tarfile.HeaderError] = tarfile.EOFHeaderError  # type: ignore[attr-defined]  # typeshed has it not


class _Whole(tarfile.TarInfo):
    """A header that is damaged is an error. Else `tarfile` takes it for the end, and the rest would be lost."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Whole":
        """See `tarfile.TarInfo.fromtarfile`."""
        try:
            return super().fromtarfile(archive)
        except _END:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error}, where a header or the end mark should be") from None


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    path, reason = _named(info.name)
    if info.issym():
        reason = reason or "symbolic link"
    elif info.islnk():
        reason = reason or "hard link"
    elif not info.isreg():
        reason = reason or "not a regular file"

    def blocks() -> Iterator[bytes]:
        try:
            yield from of_file(archive.extractfile(info))
        except _BROKEN as error:
            raise _broken(error) from None

    return Member(path, reason, blocks)


def _broken(error: Exception) -> BrokenError:
    """What is wrong with a tar, or with what compressed it."""
    return BrokenError(error.detail if isinstance(error, UnfitError) else f"tar: {error}")


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Iterator[bytes]]:
    def blocks() -> Iterator[bytes]:
        try:
            with archive.open(info) as file:
                yield from of_file(file)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise UnfitError("damaged", f"zip: {error}") from None

    return blocks


def _named(name: str) -> tuple[str, str]:
    """The path of a member, and why it is left out by its name: then the path ends where that is seen."""
    spelled = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    parts = [part for part in PurePosixPath(spelled).parts if part != "."]
    for depth, part in enumerate(parts, 1):
        hidden = part.startswith(".") and part != ".."
        reason = NOT_ENTERED.get(part, "hidden" if hidden else "")
        if reason and (hidden or depth < len(parts)):
            inside = "/" if depth < len(parts) else ""
            return "/".join(parts[:depth]) + inside, reason
    return "/".join(parts).replace("//", "/", 1), "" if spelled == name else "name is not valid Unicode"
