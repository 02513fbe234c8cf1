"""Digests of large files that were hashed before, so that a file of a gigabyte is opened in milliseconds again.

A digest counts only for the same path, device, inode, size, mtime and ctime. A file that was changed less than
`SETTLED_NS` before it was hashed is not remembered: a change after it might carry the same times (git calls such files
racily clean). ctime cannot be set, so a file whose mtime was set back is hashed again.
What this cannot see: a disk that changes without its file system. Whoever checks a trace does not use it.
"""

import logging
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rlmlite_kernel.engines.bytes.utf8 import Utf8

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger("rlmlite")

SETTLED_NS = 2_000_000_000
"""How long a file must have been left alone: the coarsest clock of a file system ticks every two seconds."""

WORTH_BYTES = 8 * 1024 * 1024
"""Files below are hashed faster than they are looked up and remembered."""

ENTRIES = 10_000
"""How many files are remembered; the ones that were hashed longest ago are forgotten."""

_WAIT_SECONDS = 5.0
_TABLE = """CREATE TABLE IF NOT EXISTS digests_1 (
    path TEXT, device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    digest TEXT NOT NULL, ascii INTEGER, bad INTEGER, first_bad INTEGER,
    PRIMARY KEY (path, device, inode, size, mtime_ns, ctime_ns))"""
_KEY = "path = ? AND device = ? AND inode = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?"


class Digests:
    """A `DigestCache` in an SQLite file, which any number of processes may use. Where it fails, files are hashed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self, path: Path, status: os.stat_result) -> tuple[str, Utf8 | None] | None:
        """See `DigestCache.find`."""
        if status.st_size < WORTH_BYTES or not self._file.exists():
            return None
        import sqlite3  # here, because most runs open no large file

        try:
            with closing(self._connected()) as connection:
                query = f"SELECT digest, ascii, bad, first_bad FROM digests_1 WHERE {_KEY}"
                row = connection.execute(query, _key(path, status)).fetchone()
        except sqlite3.Error as error:
            self._failed(error)
            return None
        if row is None:
            return None
        return row[0], None if row[1] is None else Utf8(bool(row[1]), row[2] == 0, row[2], row[3])

    def keep(self, path: Path, status: os.stat_result, begun_ns: int, digest: str, utf8: Utf8 | None) -> None:
        """See `DigestCache.keep`."""
        changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
        if status.st_size < WORTH_BYTES or changed_ns > begun_ns - SETTLED_NS:
            return
        import sqlite3

        looked = (None, None, None) if utf8 is None else (utf8.ascii, utf8.bad, utf8.first_bad)
        row = (*_key(path, status), digest, *looked)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(self._connected()) as connection, connection:
                connection.execute(_TABLE)
                connection.execute("DELETE FROM digests_1 WHERE path = ?", row[:1])
                connection.execute(f"INSERT OR REPLACE INTO digests_1 VALUES ({', '.join('?' * len(row))})", row)
                connection.execute(
                    "DELETE FROM digests_1 WHERE rowid <= (SELECT max(rowid) FROM digests_1) - ?", (ENTRIES,)
                )
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _connected(self) -> "sqlite3.Connection":
        import sqlite3

        return sqlite3.connect(self._file, timeout=_WAIT_SECONDS, isolation_level="IMMEDIATE")

    def _failed(self, error: Exception) -> None:
        log.warning(f"digests are not remembered in {self._file}: {error}; remove it if it is damaged")


def open_digests() -> Digests:
    """The cache of this user: `rlmlite/digests.sqlite` in the folder that the system has for caches."""
    return Digests(cache_folder() / "digests.sqlite")


def cache_folder() -> Path:
    """The folder that the system has for what is remembered for this user between runs; it may not be there."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("rlmlite"))


def _key(path: Path, status: os.stat_result) -> tuple[str, int, int, int, int, int]:
    where = os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")
    return where, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
