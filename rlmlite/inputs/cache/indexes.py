"""Word indexes of `rank` that are kept between runs, beside the digests. Whoever checks a trace does not use them."""

import logging
from pathlib import Path

from rlmlite.inputs.cache.digests import cache_folder
from rlmlite_traces import IndexFolder

log = logging.getLogger("rlmlite")


class WordIndexes:
    """An `IndexStore` in a folder, made when there is something to keep. Where it fails, indexes are made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder: IndexFolder | None = None
        self._failed = False

    def load(self, key: str) -> bytes | None:
        """See `IndexStore.load`."""
        if self._folder is None and not self._path.exists():
            return None
        folder = self._opened()
        data = None if folder is None else folder.load(key)
        self._check(folder)
        return data

    def save(self, key: str, data: bytes) -> None:
        """See `IndexStore.save`."""
        folder = self._opened()
        if folder is not None:
            folder.save(key, data)
        self._check(folder)

    def _opened(self) -> IndexFolder | None:
        if self._folder is None and not self._failed:
            try:
                self._folder = IndexFolder(self._path)
            except OSError as error:
                self._tell(error)
        return self._folder

    def _check(self, folder: IndexFolder | None) -> None:
        if folder is not None and folder.error is not None:
            self._tell(folder.error)

    def _tell(self, error: OSError) -> None:
        if not self._failed:  # once: a folder of inputs has an index for each file
            log.warning(f"word indexes are not kept in {self._path}: {error}; remove it if it is damaged")
        self._failed = True


def open_indexes() -> WordIndexes:
    """The indexes of this user: `rlmlite/indexes` in the folder that the system has for caches."""
    return WordIndexes(cache_folder() / "indexes")
