"""Digests of large files, remembered between runs, so that a file of a gigabyte opens in milliseconds.

The idea is git's index: if nothing that the file system says of a file has changed since it was hashed, its content has
not changed either. A remembered digest counts only for the same path, device, inode, size, mtime and ctime.

    hashed at 12:00:05, mtime 11:59:00    remembered: any later change must carry a later time
    hashed at 12:00:05, mtime 12:00:04    not remembered: a change in the same tick of the clock would go unseen

The second case is what git calls racily clean; `SETTLED_NS` is the margin. mtime can be set back at will, but ctime
cannot, so a file with a forged mtime is hashed again.

What this cannot see is a disk that changes without its file system. So a check of a trace never uses it.
"""

import logging
import os
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rlmlite_kernel.engines.bytes.utf8 import Utf8
from rlmlite_traces.errors import words_of
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.files.new_folders import make_folders

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger("rlmlite")

SETTLED_NS = 2_000_000_000
"""How long a file must have been left alone: the coarsest file-system clock (FAT) ticks every two seconds."""

WORTH_BYTES = 8 * 1024 * 1024
"""Smaller files are hashed faster than they are looked up and remembered."""

ENTRIES = 10_000
"""How many files are remembered; those that were hashed longest ago are forgotten."""

_LOCK_SECONDS = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS digests_1 (
    path TEXT, device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    digest TEXT NOT NULL, ascii INTEGER, bad INTEGER, first_bad INTEGER,
    PRIMARY KEY (path, device, inode, size, mtime_ns, ctime_ns))"""
_KEY = "path = ? AND device = ? AND inode = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?"
_FIND = f"SELECT digest, ascii, bad, first_bad FROM digests_1 WHERE {_KEY}"
_FORGET_OLDEST = "DELETE FROM digests_1 WHERE rowid <= (SELECT max(rowid) FROM digests_1) - ?"


class Digests:
    """A `DigestCache` in an SQLite file, which any number of processes may use. If it fails, files are hashed."""

    def __init__(self, file: Path | None = None) -> None:
        self._given = file

    @cached_property
    def _file(self) -> Path:
        """The given file, else the user's. Worked out when first used: most runs open no large file."""
        return self._given or cache_folder() / "digests.sqlite"

    def find(self, path: Path, status: os.stat_result) -> tuple[str, Utf8 | None] | None:
        """See `DigestCache.find`."""
        if status.st_size < WORTH_BYTES or not self._file.exists():
            return None
        import sqlite3

        try:
            with closing(self._connect()) as connection:
                row = connection.execute(_FIND, _key(path, status)).fetchone()
        except sqlite3.Error as error:
            self._warn(error)
            return None
        if row is None:
            return None
        digest, ascii_only, bad, first_bad = row
        # A file that was only hashed, not checked, has NULLs here.
        if ascii_only is None:
            return digest, None
        is_valid = bad == 0
        return digest, Utf8(bool(ascii_only), is_valid, bad, first_bad)

    def keep(self, path: Path, status: os.stat_result, begun_ns: int, digest: str, utf8: Utf8 | None) -> None:
        """See `DigestCache.keep`. `begun_ns` is when the hashing began."""
        changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
        is_settled = changed_ns <= begun_ns - SETTLED_NS
        if status.st_size < WORTH_BYTES or not is_settled:
            return
        import sqlite3

        checked = (None, None, None) if utf8 is None else (utf8.ascii, utf8.bad, utf8.first_bad)
        row = (*_key(path, status), digest, *checked)
        try:
            make_folders(self._file.parent)
            with Folder.open(self._file.parent) as folder:
                # SQLite would make it readable for all, and gives its own side files the mode that this one has.
                os.close(folder.open_to_write(self._file.name))
            # `closing` closes, and the connection as a context manager commits: sqlite3 separates the two.
            with closing(self._connect()) as connection, connection:
                connection.execute(_TABLE)
                # The digests of earlier states of the file are of no use, even if it went back to one of them.
                connection.execute("DELETE FROM digests_1 WHERE path = ?", row[:1])
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT OR REPLACE INTO digests_1 VALUES ({marks})", row)
                connection.execute(_FORGET_OLDEST, (ENTRIES,))
        except (sqlite3.Error, OSError) as error:
            self._warn(error)

    def _connect(self) -> "sqlite3.Connection":
        import sqlite3

        return sqlite3.connect(self._file, timeout=_LOCK_SECONDS, isolation_level="IMMEDIATE")

    def _warn(self, error: Exception) -> None:
        log.warning(f"digests are not remembered in {self._file}: {words_of(error)}; remove the file if it is damaged")


def open_digests() -> Digests:
    """The cache of this user: `rlmlite/digests.sqlite` in the system's cache folder."""
    return Digests()


def cache_folder() -> Path:
    """Where the system keeps caches of this user, with a folder for rlmlite; it may not exist yet."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("rlmlite"))


def _key(path: Path, status: os.stat_result) -> tuple[str, int, int, int, int, int]:
    # SQLite's TEXT must be Unicode, and a path need not be.
    absolute = os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")
    return absolute, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
