"""Word indexes of `rank`, kept between runs beside the digests. A check of a trace does not use them."""

import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rlmlite.inputs.cache.digests import cache_folder
from rlmlite_traces.errors import words_of

if TYPE_CHECKING:
    from rlmlite_traces.files.index_folder import IndexFolder

log = logging.getLogger("rlmlite")


class WordIndexes:
    """An `IndexStore` in a folder, which is created when there is something to keep. If it fails, indexes are rebuilt.

    A failure is logged once: a folder of inputs has an index for each file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._given = path
        self._folder: IndexFolder | None = None
        self._has_failed = False

    @cached_property
    def _path(self) -> Path:
        """The given folder, else the user's. Worked out when first used: few runs rank anything."""
        return self._given or cache_folder() / "indexes"

    def load(self, key: str) -> bytes | None:
        """See `IndexStore.load`."""
        # Looking for an index must not create the folder.
        if self._folder is None and not self._path.exists():
            return None
        folder = self._open_folder()
        data = None if folder is None else folder.load(key)
        self._check(folder)
        return data

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`."""
        folder = self._open_folder()
        if folder is not None:
            folder.save(key, data)
        self._check(folder)

    def _open_folder(self) -> "IndexFolder | None":
        if self._folder is None and not self._has_failed:
            from rlmlite_traces import IndexFolder

            try:
                self._folder = IndexFolder(self._path)
            except OSError as error:
                self._warn_once(error)
        return self._folder

    def _check(self, folder: "IndexFolder | None") -> None:
        if folder is not None and folder.error is not None:
            self._warn_once(folder.error)

    def _warn_once(self, error: OSError) -> None:
        if not self._has_failed:
            reason = words_of(error)
            reason = words_of(error)
            log.warning(f"word indexes are not kept in {self._path}: {reason}; remove the folder if it is damaged")
        self._has_failed = True


def open_indexes() -> WordIndexes:
    """The indexes of this user: `rlmlite/indexes` in the system's cache folder."""
    return WordIndexes()
