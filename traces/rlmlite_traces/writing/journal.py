"""The journal: every call that has ended, written at once, in the order in which calls end.

A step's calls reach `effects.jsonl` only when the step is over, in the order of their indexes. Until then their
results, which may have been paid for, are here:

    {"id":"2919c5…","result":{…}}      a call that ended
    {"id":"77ab03…","result":null}     an intent: a call with side effects that is about to begin

A line is *written* before `add` returns, so it survives a killed process. Surviving a power failure takes an fsync,
which costs milliseconds where a write costs microseconds, so results are synced in groups: a power failure loses the
results of at most `SYNC_CALLS` calls, or of the last `SYNC_SECONDS`. Intents are synced one by one: a lost result
costs a repeated call, a lost intent could repeat a payment.

Its order depends on which call happened to end first, so the journal is no part of what is verified. It is emptied
when the steps that used its calls are durable (docs/decisions/0003-journal-and-effects.md).
"""

import threading
from collections.abc import Mapping

from rlmlite_kernel.effects.requests import Result
from rlmlite_traces.files.append_only import AppendOnlyFile
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import JOURNAL, JournalLine, decode_journal, encode
from rlmlite_traces.format.reader import read_file
from rlmlite_traces.writing.recovery import decode_whole_lines

SYNC_CALLS = 256
SYNC_SECONDS = 0.1


class Journal:
    """`journal.jsonl`, for one writer. Several threads may add calls."""

    def __init__(self, folder: Folder) -> None:
        """Raises `TraceMissingError`, `TraceBrokenError` for a line that no crash can have left."""
        lines = _read(folder)
        self._results = {line.id: line.result for line in lines if line.result is not None}
        self._intents = {line.id for line in lines if line.result is None}
        self._file = AppendOnlyFile(folder, JOURNAL)
        self._lock = threading.Lock()
        self._unsynced = 0  # results written since the last fsync
        self._first = threading.Event()  # set by the first of them, which starts the clock of `_keep_syncing`
        self._closed = threading.Event()
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    @property
    def results(self) -> Mapping[str, Result]:
        """The results in the journal, by the id of their call."""
        return self._results

    @property
    def intents(self) -> frozenset[str]:
        """The ids of calls that were about to begin."""
        return frozenset(self._intents)

    def intend(self, id_: str) -> None:
        """Write that a call is about to begin. Durable when this returns, since what the call does cannot be undone."""
        with self._lock:
            if id_ not in self._intents:
                self._file.write(encode(JournalLine(id_, None)) + b"\n")
                self._intents.add(id_)
                self._file.sync()

    def add(self, id_: str, result: Result) -> None:
        """Write a call that has ended. An id that is there already is not written again.

        Raises the `OSError` of an earlier sync in the background, if one failed.
        """
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
                self._file.clear()
                self._results.clear()
                self._intents.clear()
                self._unsynced = 0

    def close(self) -> None:
        """Make what is written durable and close the file. Waits for the thread that syncs."""
        with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                self._first.set()  # wakes the thread, so that it sees that the journal is closed
                try:
                    self._sync()
                finally:
                    self._file.close()
        # Outside the lock, which the thread may need once more before it ends.
        if self._thread is not None:
            self._thread.join()

    def _sync(self) -> None:
        if self._unsynced:
            self._file.sync()
            self._unsynced = 0

    def _wake(self) -> None:
        """Make the thread sync within `SYNC_SECONDS` from now, even if no other call ends.

        The thread starts with the first call, so that a run without calls has none.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_syncing, name="rlmlite-journal", daemon=True)
            self._thread.start()
        self._first.set()

    def _keep_syncing(self) -> None:
        """Sync `SYNC_SECONDS` after the first unsynced result, over and over, until the journal is closed."""
        while not self._closed.is_set():
            self._first.wait()
            # Cleared before the sync: a result that comes in between sets it again and gets a round of its own.
            self._first.clear()
            if self._closed.wait(SYNC_SECONDS):
                return
            with self._lock:
                try:
                    if not self._closed.is_set():
                        self._sync()
                except OSError as error:  # this thread has no caller: the next `add` raises it
                    self._failure = error


def _read(folder: Folder) -> list[JournalLine]:
    """The lines of a journal. A torn last line, which a kill in the middle of a write leaves, is cut off the file."""
    if not folder.exists(JOURNAL):
        return []
    data = read_file(folder, JOURNAL)
    lines = decode_whole_lines(data, JOURNAL, decode_journal)
    whole_size = lines[-1][1] if lines else 0
    if whole_size < len(data):
        folder.cut(JOURNAL, whole_size)
    return [line for line, _ in lines]
