"""Reading a file of somebody else's folder: a regular file of bounded size, or an error at once.

A folder may hold a file that is none. A FIFO keeps its reader waiting, a device never ends, a link leads to a file of
the reader's own whose content would then be taken for the folder's, and a sparse file of a terabyte fills the memory:

    rlmlite.toml -> /dev/zero      refused: a link
    rlmlite.toml (a FIFO)          refused at once: opening does not wait
    rlmlite.toml, 3 MB             refused by its size, and by its bytes if it grows meanwhile

All checks are of the open file, so that nothing can take its place between the check and the reading.
"""

import hashlib
import os
from pathlib import Path

import msgspec

from rlmlite.errors import SettingError
from rlmlite_traces.files.guarded import open_plain


class RegularFile(msgspec.Struct, frozen=True):
    """What a file held when it was read, and what the system said of it then."""

    content: bytes
    status: os.stat_result

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, as hex digits."""
        return hashlib.sha256(self.content).hexdigest()


def read_regular(path: Path, most: int, *, follow_link: bool = False) -> RegularFile:
    """A file of at most `most` bytes. `follow_link` is for places that are the user's own.

    Raises `FileNotFoundError` if there is none, and `SettingError` for whatever else it is.
    """
    # Looked at first, for a message that says what to do.
    if not follow_link and path.is_symlink():
        raise SettingError(f"{path} is a link, and links are not followed here; put the file itself in its place")
    try:
        descriptor, status = open_plain(path, follow_link=follow_link)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise SettingError(f"{path} cannot be read: {reason}; remove it, or work in another folder") from None
    except ValueError as error:  # a NUL byte in the path
        raise SettingError(f"{path} cannot be read: {error}") from None
    try:
        if status.st_size > most:
            raise _too_long(path, most)
        # One byte more than is allowed, which shows that it has grown; however large it is, no more is read.
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise _too_long(path, most)
    return RegularFile(content, status)


def _too_long(path: Path, most: int) -> SettingError:
    return SettingError(f"{path} has more than {most:,} bytes, and no more are read here")
