"""`IndexFolder`: word indexes on disk, so that `rank` over the same files need not read them again in the next run.

One file per index, named by its key. It is only a cache: anything in it may be deleted at any time, `IndexCache`
checks what it loads and rebuilds an index that is truncated or altered, and verification and replay never look at it.

    save("k1", 3 GB), save("k2", 2 GB)   5 GB exceed the 4 GiB limit: k1, unused for longest, is deleted

Whoever can write to the folder can make `rank` answer wrongly in a run, so it is created for its user alone (0700).
"""

import os
from pathlib import Path

from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.files.new_folders import make_folders
from rlmlite_traces.files.room import make_room

ROOM = 4 << 30
"""The most bytes that a folder holds. Beyond it the least recently used indexes are deleted."""


class IndexFolder:
    """`rlmlite_kernel.engines.ranking.index_cache.IndexStore` in a folder.

    The folder is created if it is missing; if that fails, `OSError` is raised. Later failures never stop a run: the
    index is then rebuilt, and `error` holds the last reason.
    """

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        make_folders(folder)
        self._folder, self._room = folder, room
        self.error: OSError | None = None

    def load(self, key: str) -> bytes | None:
        """See `IndexStore.load`."""
        try:
            with Folder.open(self._folder) as folder:
                data = folder.read(key, self._room)
                folder.renew(key)  # the time of last use, by which `make_room` chooses
        except OSError as error:
            self.error = None if isinstance(error, FileNotFoundError) else error
            return None
        return data

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`. A file appears whole or not at all."""
        # Written under a name of this process and then renamed, so that nobody loads half of an index.
        part = f".{key}.{os.getpid()}"
        try:
            with Folder.open(self._folder) as folder:
                try:
                    folder.write_new(part, data)
                    folder.move(part, folder, key)
                finally:
                    folder.remove(part)
                make_room(folder, self._room)
        except OSError as error:
            self.error = error
