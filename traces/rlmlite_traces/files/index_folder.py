"""`IndexFolder`: word indexes on disk, so that `rank` over the same files need not read them again in the next run.

One file per index, named by its key. It is only a cache: anything in it may be deleted at any time, `IndexCache`
checks what it loads and rebuilds an index that is truncated or altered, and verification and replay never look at it.

    save("k1", 3 GB), save("k2", 2 GB)   5 GB exceed the 4 GiB limit: k1, unused for longest, is deleted

Whoever can write to the folder can make `rank` answer wrongly in a run, so it is created for its user alone (0700).
"""

import os
from pathlib import Path

ROOM = 4 << 30
"""The most bytes that a folder holds. Beyond it the least recently used indexes are deleted."""


class IndexFolder:
    """`rlmlite_kernel.engines.ranking.index_cache.IndexStore` in a folder.

    The folder is created if it is missing; if that fails, `OSError` is raised. Later failures never stop a run: the
    index is then rebuilt, and `error` holds the last reason.
    """

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._room = folder, room
        self.error: OSError | None = None

    def load(self, key: str) -> bytes | None:
        """See `IndexStore.load`."""
        path = self._folder / key
        try:
            data = path.read_bytes()
            os.utime(path)  # the time of last use, by which `_make_room` chooses
        except OSError as error:
            self.error = None if isinstance(error, FileNotFoundError) else error
            return None
        return data

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`. A file appears whole or not at all."""
        # Written under a name of this process and then renamed, so that nobody loads half of an index.
        part = self._folder / f".{key}.{os.getpid()}"
        try:
            part.write_bytes(data)
            part.replace(self._folder / key)
            self._make_room()
        except OSError as error:
            part.unlink(missing_ok=True)
            self.error = error

    def _make_room(self) -> None:
        """Delete the least recently used indexes until the rest fits."""
        # Names with a dot are files that some process is still writing.
        paths = [path for path in self._folder.iterdir() if not path.name.startswith(".")]
        statuses = {path: path.stat() for path in paths}
        # By name as well, so that the choice does not depend on the order in which the folder lists its files.
        oldest_first = sorted(paths, key=lambda path: (statuses[path].st_mtime_ns, path.name))
        total = sum(status.st_size for status in statuses.values())
        for path in oldest_first:
            if total <= self._room:
                return
            path.unlink(missing_ok=True)
            total -= statuses[path].st_size
