"""`IndexFolder`: word indexes kept on disk between runs, so that `rank` over the same files need not read them again.

It is a cache: anything in it may be deleted at any time, a file that is cut or changed is made anew, and verification
and replay never look at it. Whoever can write here can make `rank` answer wrongly in a run, so it belongs to its user.
"""

import os
from pathlib import Path

ROOM = 4 << 30
"""Bytes that a folder holds; past that, what was longest unused goes."""


class IndexFolder:
    """`rlmlite_kernel.engines.IndexStore` in a folder, which is made if it is missing, or `OSError` is raised.

    What cannot be written is not kept: `error` is the last reason.
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
            os.utime(path)
        except OSError as error:
            self.error = None if isinstance(error, FileNotFoundError) else error
            return None
        return data

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`. A file is there whole or not at all."""
        part = self._folder / f".{key}.{os.getpid()}"
        try:
            part.write_bytes(data)
            part.replace(self._folder / key)
            self._make_room()
        except OSError as error:
            part.unlink(missing_ok=True)
            self.error = error

    def _make_room(self) -> None:
        files = [(path, path.stat()) for path in self._folder.iterdir() if not path.name.startswith(".")]
        total = sum(status.st_size for _, status in files)
        for path, status in sorted(files, key=lambda file: (file[1].st_mtime_ns, file[0].name)):
            if total <= self._room:
                return
            path.unlink(missing_ok=True)
            total -= status.st_size
