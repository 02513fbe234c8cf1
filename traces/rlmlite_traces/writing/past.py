"""What a log begins with: the past of a run that goes on, read from its folder.

    trace.jsonl   … record 7, half of record 8      a crash tore it: the half is cut off, and what it alone had named
    run.key       there                              without it the run cannot be continued

Where a mark of the last writer fits the files, they are taken as they are (`marks`); else they are verified
(`recovery`).
Not here: writing on (`log`).
"""

from collections.abc import Callable, Mapping

import msgspec

from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_traces.errors import TraceMissingError, TraceSealedError, UnknownFormatError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.formats import is_current
from rlmlite_traces.format.lines import BLOBS, CHECKPOINT, EFFECTS, JOURNAL, LARGE_FOLDER, RECORDS, STORE
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace, large_files, missing_error
from rlmlite_traces.format.verify import verify
from rlmlite_traces.writing.marks import Mark, Resumed, resume_from
from rlmlite_traces.writing.recovery import Recovered, recover

KEY = "run.key"
"""The file of the run's key, which only a run that goes on needs."""

KEY_BYTES = 32


class Past(msgspec.Struct, frozen=True):
    """What a log begins with: the key, the trace that is there, its files' bytes, and what a mark gave of it."""

    run_key: bytes
    trace: CheckedTrace | None = None
    contents: Mapping[str, bytes] = {}
    resumed: Resumed | None = None


def read_past(folder: Folder, mark_of: Callable[[Folder], Mark | None] | None) -> Past:
    """The past of a run that goes on. An end that a crash tore is cut off. Raises as `open`."""
    unchecked = UncheckedTrace.read(folder.path)
    contents = {RECORDS: unchecked.records, BLOBS: unchecked.blobs, EFFECTS: unchecked.effects}
    mark = None if mark_of is None else mark_of(folder)
    resumed = None if mark is None else resume_from(mark, unchecked)
    if resumed is not None:
        return Past(_read_run_key(folder), resumed.begun, contents, resumed)
    if unchecked.redactions:
        verify(unchecked)  # only a sealed trace has any
        raise TraceSealedError(folder.path)
    recovered = recover(unchecked)
    trace = recovered.trace
    try:
        _cut_files(folder, recovered)
        if trace is not None and trace.level is Level.SEALED:
            delete_secrets(folder)  # a kill between the seal and this may have left them
            raise TraceSealedError(folder.path)
    except OSError as error:
        raise missing_error(folder.path, error) from None
    if trace is not None and not is_current(trace.genesis):
        raise UnknownFormatError("format", FORMAT, trace.genesis.v)
    kept = {name: content[: recovered.keep[name]] for name, content in contents.items()}
    return Past(_read_run_key(folder), trace, kept)


def _cut_files(folder: Folder, recovered: Recovered) -> None:
    """Cut each file to the size that recovery kept, and delete large blobs that the rest does not name."""
    for name, size in recovered.keep.items():
        if recovered.dropped[name]:
            folder.cut(name, size)
    kept = recovered.trace.blobs if recovered.trace is not None else {}
    unnamed = [ref for ref in large_files(folder) if ref not in kept]
    if unnamed:
        with folder.below(LARGE_FOLDER) as large:
            for ref in unnamed:
                large.remove(ref)


def _read_run_key(folder: Folder) -> bytes:
    try:
        return bytes.fromhex(folder.read(KEY, 2 * KEY_BYTES).decode("ascii"))
    except (OSError, ValueError):
        raise TraceMissingError(folder.path / KEY, "the run's key is gone, so the run cannot be continued") from None


def delete_secrets(folder: Folder) -> None:
    """Delete what only a run that goes on needs.

    With the key, content that was removed from a trace could be guessed and confirmed against its ref.
    """
    for name in (KEY, JOURNAL, STORE, CHECKPOINT):  # STORE names a folder of this machine
        folder.remove(name)
    folder.sync()
