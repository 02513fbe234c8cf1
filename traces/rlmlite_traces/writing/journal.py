"""The journal: every call that has ended, written at once in the order in which calls end.

It is what a killed process loses nothing of, and nothing else: its order depends on the weather, so it is no part of
what is verified, and it is emptied once the steps that used its calls are durable
(docs/decisions/0003-journal-and-effects.md). What a loss of power can cost is bounded by `SYNC_CALLS` calls and
`SYNC_SECONDS`.
"""

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from rlmlite_kernel.effects.requests import Result
from rlmlite_traces.files.append_only import AppendOnlyFile
from rlmlite_traces.format.contents import read_plain
from rlmlite_traces.format.lines import JOURNAL, JournalLine, decode_journal, encode
from rlmlite_traces.writing.recovery import decode_whole_lines

SYNC_CALLS = 256
SYNC_SECONDS = 0.1


class Journal:
    """`journal.jsonl`, for one writer. May be told of calls from several threads."""

    def __init__(self, path: Path) -> None:
        lines = _read(path)
        self._results = {line.id: line.result for line in lines if line.result is not None}
        self._intents = {line.id for line in lines if line.result is None}
        self._file = AppendOnlyFile(path)
        self._lock = threading.Lock()
        self._unsynced = 0
        self._first = threading.Event()
        self._closed = threading.Event()
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    @property
    def results(self) -> Mapping[str, Result]:
        """The calls in the journal, by id."""
        return self._results

    @property
    def intents(self) -> frozenset[str]:
        """The calls that were about to begin, by id."""
        return frozenset(self._intents)

    def intend(self, id_: str) -> None:
        """Write that a call is about to begin, and make it durable: what it does cannot be undone."""
        with self._lock:
            if id_ not in self._intents:
                self._file.write(encode(JournalLine(id_, None)) + b"\n")
                self._intents.add(id_)
                self._file.sync()

    def add(self, id_: str, result: Result) -> None:
        """Write a call that has ended. An id that is there already is not written again."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if id_ in self._results:
                return
            self._file.write(encode(JournalLine(id_, result)) + b"\n")
            self._results[id_] = result
            self._unsynced += 1
            if self._unsynced >= SYNC_CALLS:
                self._sync()
            elif self._unsynced == 1:
                self._wake()

    def clear(self) -> None:
        """Forget all calls: their steps are durable."""
        with self._lock:
            if self._results or self._intents:
                self._file.truncate(0)
                self._results.clear()
                self._intents.clear()
                self._unsynced = 0

    def close(self) -> None:
        """Make what is written durable and let go of the file."""
        with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                self._first.set()
                try:
                    self._sync()
                finally:
                    self._file.close()
        if self._thread is not None:
            self._thread.join()

    def _sync(self) -> None:
        if self._unsynced:
            self._file.sync()
            self._unsynced = 0

    def _wake(self) -> None:
        """Have the calls from here on made durable within `SYNC_SECONDS`, also if no other call ends."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_syncing, name="rlmlite-journal", daemon=True)
            self._thread.start()
        self._first.set()

    def _keep_syncing(self) -> None:
        while not self._closed.is_set():
            self._first.wait()
            self._first.clear()
            if self._closed.wait(SYNC_SECONDS):
                return
            with self._lock:
                try:
                    if not self._closed.is_set():
                        self._sync()
                except OSError as error:  # nobody to raise it to here: the next call hears of it
                    self._failure = error


def _read(path: Path) -> list[JournalLine]:
    """The lines of a journal of which the last may be torn; the torn line is cut off."""
    if not os.path.lexists(path):
        return []
    data = read_plain(path)
    lines = decode_whole_lines(data, JOURNAL, decode_journal)
    if data:
        os.truncate(path, lines[-1][1] if lines else 0)
    return [line for line, _ in lines]
