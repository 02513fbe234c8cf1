"""Where a run's receipts are kept, and what stands in for a log when they are not."""

import datetime
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from rlmlite.errors import SettingError
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.records import Entry
from rlmlite_traces import Log

DEFAULT_FOLDER = Path(".rlmlite")
DEFAULT_STORE = DEFAULT_FOLDER / "store"
SUFFIX = ".rlm"


class Keeper(Protocol):
    """What a run needs of a log. `rlmlite_traces.Log` is one."""

    def append(self, entry: Entry) -> object:
        """Keep an entry of a program that is not over."""
        ...

    def extend(self, entries: Iterable[Entry]) -> None:
        """Keep the entries that end a program."""
        ...

    def journal(self, id_: str, result: Result) -> None:
        """Keep a call that has ended, at once."""
        ...

    def journalled(self) -> Mapping[str, Result]:
        """Calls that have ended, of steps that are not kept yet."""
        ...

    def intend(self, id_: str) -> None:
        """Write down, durably, that a call with side effects is about to be made."""
        ...

    def intended(self) -> frozenset[str]:
        """Calls with side effects that were begun, of steps that are not kept yet."""
        ...

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """Note how a call went. It is not part of what is verified."""
        ...

    def close(self) -> None:
        """Release the lock."""
        ...


class Unkept:
    """A run without a trace."""

    def append(self, entry: Entry) -> object:
        """See `Keeper.append`."""

    def extend(self, entries: Iterable[Entry]) -> None:
        """See `Keeper.extend`."""

    def journal(self, id_: str, result: Result) -> None:
        """See `Keeper.journal`."""

    def journalled(self) -> Mapping[str, Result]:
        """See `Keeper.journalled`."""
        return {}

    def intend(self, id_: str) -> None:
        """See `Keeper.intend`."""

    def intended(self) -> frozenset[str]:
        """See `Keeper.intended`."""
        return frozenset()

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """See `Keeper.timing`."""

    def close(self) -> None:
        """See `Keeper.close`."""


class Rehearsed(Unkept):
    """Reads what a log has journalled, and drops all that is written.

    For a rehearsal: the rest of a turn is executed to see which calls it needs, and then forgotten.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def journalled(self) -> Mapping[str, Result]:
        """See `Keeper.journalled`."""
        return self._keeper.journalled()

    def intended(self) -> frozenset[str]:
        """See `Keeper.intended`."""
        return self._keeper.intended()


def new_log(trace: Path | bool | None, run: str, key: bytes) -> Log | None:
    """The log for a run that begins: in the folder `trace`, in the default one, or for `False` none.

    Raises `SettingError` if something is there already.
    """
    if trace is False:
        return None
    return Log.create(chosen_place(trace) if isinstance(trace, Path) else default_place(run), key)


def default_place(run: str, folder: Path = DEFAULT_FOLDER) -> Path:
    """`.rlmlite/DATE/RUN.rlm` here, with a number if the same run (by its key) was kept there before."""
    day = folder / datetime.date.today().isoformat()
    place, again = day / f"{run}{SUFFIX}", 1
    while place.exists():
        again += 1
        place = day / f"{run}-{again}{SUFFIX}"
    return place


def chosen_place(path: Path) -> Path:
    """The folder that the user chose for one trace; it must not be there yet. Raises `SettingError`."""
    if path.exists():
        raise SettingError(f"{path} exists already; a trace is a new folder, such as {path.with_suffix('')}-2{SUFFIX}")
    return path


KEY_BYTES = 32


def run_key(text: str | None) -> bytes:
    """A run's key from 64 hex digits, or one drawn by chance. Raises `SettingError`."""
    if text is None:
        return secrets.token_bytes(KEY_BYTES)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingError(f"a run key is {2 * KEY_BYTES} hex digits")
    return key
