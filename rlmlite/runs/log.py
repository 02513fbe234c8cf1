"""Where a run is recorded: what it needs of a log, and what stands in for one.

A run writes into a `Keeper` and does not ask which. Usually that is a `Log` on disk. `NoLog` is for a run without a
trace, `Rehearsal` for one that only tries what would happen. Of an entry that is appended, the log makes sure that
whatever it refers to is on disk before it; see `rlmlite_traces.writing.log`.
"""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from rlmlite.errors import SettingError
from rlmlite.guard.places import without_links
from rlmlite.runs.settings.setting import DEFAULT_FOLDER
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.records import Entry
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.values import Rows
from rlmlite_traces import FileBlobs, Log

SUFFIX = ".rlm"


class Keeper(Protocol):
    """What a run needs of a log. `rlmlite_traces.Log` is one."""

    def append(self, entry: Entry) -> object:
        """Write an entry of a turn that goes on."""
        ...

    def extend(self, entries: Iterable[Entry]) -> None:
        """Write the entries that end a turn. When they are durable, the journal is emptied."""
        ...

    def journal(self, id_: str, result: Result) -> None:
        """Write down a finished call, at once."""
        ...

    def journal_results(self) -> Mapping[str, Result]:
        """The results of finished calls, by id, of steps that are not durable yet."""
        ...

    def intend(self, id_: str) -> None:
        """Write down, durably, that a call with side effects is about to be made."""
        ...

    def intents(self) -> frozenset[str]:
        """The calls with side effects that were begun, of steps that are not durable yet."""
        ...

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """Note how a call went. It is not part of what is verified."""
        ...

    def close(self) -> None:
        """Release the lock."""
        ...


class NoLog:
    """A run without a trace."""

    def append(self, entry: Entry) -> object:
        """See `Keeper.append`."""

    def extend(self, entries: Iterable[Entry]) -> None:
        """See `Keeper.extend`."""

    def journal(self, id_: str, result: Result) -> None:
        """See `Keeper.journal`."""

    def journal_results(self) -> Mapping[str, Result]:
        """See `Keeper.journal_results`."""
        return {}

    def intend(self, id_: str) -> None:
        """See `Keeper.intend`."""

    def intents(self) -> frozenset[str]:
        """See `Keeper.intents`."""
        return frozenset()

    def timing(self, id_: str, fields: Mapping[str, int | str | None]) -> None:
        """See `Keeper.timing`."""

    def close(self) -> None:
        """See `Keeper.close`."""


class Rehearsal(NoLog):
    """Shows what a log has journalled, and drops all that is written.

    The rest of a turn is executed to see which calls it needs, and then forgotten.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def journal_results(self) -> Mapping[str, Result]:
        """See `Keeper.journal_results`."""
        return self._keeper.journal_results()

    def intents(self) -> frozenset[str]:
        """See `Keeper.intents`."""
        return self._keeper.intents()


def new_log(trace: Path | bool | None, run: str, key: bytes) -> Log | None:
    """The log for a run that begins: in the folder `trace`, in the default one, or for `False` none.

    Raises `SettingError` if the folder exists, or the default one lies behind a link.
    """
    if trace is False:
        return None
    if not isinstance(trace, Path):
        return Log.create(without_links(default_folder(run)), key)
    if trace.exists():
        # `.`, `/` and `..` have no name that a number could follow.
        has_name = trace.name not in ("", "..")
        other = f"{trace.with_suffix('')}-2{SUFFIX}" if has_name else trace / f"run{SUFFIX}"
        raise SettingError(f"{trace} exists already; a trace needs a new folder, such as {other}")
    return Log.create(trace, key)


def keep_contents(log: Log | None, blobs: FileBlobs, inputs: Mapping[str, Input]) -> None:
    """Keep what inputs refer to and the trace does not hold, so that no trace ever names what the store may drop.

    Before the record that names them is written.
    """
    if log is None:
        return
    on_disk = [each for each in inputs.values() if each.memory is None]
    files = [file.digest for each in on_disk for file in each.source.files]
    # Rows of a table are records of a text besides, which evidence quotes.
    spans = [each.value.spans for each in on_disk if isinstance(each.value, Rows)]
    texts = [blob for places in spans if places is not None for blob in places.blobs]
    blobs.keep_for(log.path, frozenset((*files, *texts)))


def default_folder(run: str, parent: Path = DEFAULT_FOLDER) -> Path:
    """`.rlmlite/DATE/RUN.rlm`, with a number after it if the same run (by its key) was recorded there before."""
    # By day, so that old traces are easy to delete. The date is in the path alone: no record has a time in it.
    day = parent / datetime.date.today().isoformat()
    folder, number = day / f"{run}{SUFFIX}", 1
    while folder.exists():
        number += 1
        folder = day / f"{run}-{number}{SUFFIX}"
    return folder
