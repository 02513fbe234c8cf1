"""Checkpoints: what lets a session go on without being executed again. A file beside the trace, which may be deleted.

    triage.rlm/trace.jsonl, ...     900 turns
    triage.rlm/checkpoint           tag, then the state after turn 900, the end of the trace's files, the history

    opening it      the tag is this user's, for this folder; the three files are those that it names, byte for byte;
                    the state has the digest that it names: the session goes on from there
    otherwise       there is none, another one was put there, or the trace has grown: it is executed again

The trace commits to values and budgets by the digest of each record's state, but not to notes, evidence or provenance.
Whoever could write a checkpoint could change these. So it is believed only with a tag of this user's, over all of it
and the folder's path (`guard.trust.origin`): a session that was sent has none, whatever its sender has put in it, and
neither has one that was moved. An old one of the same session names files that are shorter, and is not believed either.

A session is never lost with it: whatever is wrong with a checkpoint, the trace is what counts. Not here: the state as
data (`rlmlite_kernel.run.snapshots`), the end of the files (`rlmlite_traces.writing.marks`).
"""

import hmac
import logging
from typing import Final

import msgspec

from rlmlite.guard.trust.origin import vouch_for
from rlmlite.runs.run import Run
from rlmlite_kernel.records.evolution import KERNEL
from rlmlite_kernel.run.snapshots.graph import UnkeptError
from rlmlite_kernel.run.snapshots.snapshot import Snapshot, take_snapshot
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_traces.errors import words_of
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import CHECKPOINT
from rlmlite_traces.writing.marks import Mark

log = logging.getLogger("rlmlite")

_TAG_BYTES: Final = 32

_MOST_BYTES: Final = 256 << 20
"""Bytes of a checkpoint that are read."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The state of a session, and all that goes with it. `kernel` is the version that wrote it.

    `history` are the exchanges, each encoded (`history.History`), `counts` those of calls (`records.usage`),
    `succeeded` the calls that succeeded by tool or role.
    """

    kernel: str
    mark: Mark
    snapshot: Snapshot
    history: tuple[bytes, ...]
    counts: dict[str, int]
    succeeded: dict[str, int]


_DECODER = msgspec.msgpack.Decoder(Checkpoint)


def keep_checkpoint(run: Run) -> bool:
    """Write a checkpoint of a run that rests between turns. Returns whether there is one now.

    Without one the session is executed again when it is opened, so nothing that is in the way is an error.
    """
    if run.log is None or run.unfinished is not None:
        return False
    mark = run.log.mark()
    if mark is None:
        return False
    try:
        body = msgspec.msgpack.encode(_checkpoint_of(run, mark))
        tag = vouch_for(run.log.path, body)
        if tag is None:
            return False
        with Folder.open(run.log.path) as folder:
            folder.replace(CHECKPOINT, tag + body)
    except (UnkeptError, BlobMissingError, InputChangedError, OSError, OverflowError, ValueError, MemoryError) as error:
        why = words_of(error) if isinstance(error, OSError) else str(error)
        log.info("%s has no checkpoint, so it will be executed again: %s", run.log.path, why)
        return False
    return True


def _checkpoint_of(run: Run, mark: Mark) -> Checkpoint:
    snapshot = take_snapshot(run.state, run.blobs)
    return Checkpoint(KERNEL, mark, snapshot, run.encoded_history, dict(run.counts.counts), dict(run.succeeded))


class CheckpointReader:
    """Reads the checkpoint of a folder, if it is to be believed. `refusal` says why it is not, if there is one."""

    def __init__(self) -> None:
        self.checkpoint: Checkpoint | None = None
        self.refusal = ""

    def read(self, folder: Folder) -> Mark | None:
        """The mark of the checkpoint, to compare with the files of the trace."""
        if not folder.exists(CHECKPOINT):
            return None
        try:
            content = folder.read(CHECKPOINT, _MOST_BYTES)
            tag, body = content[:_TAG_BYTES], content[_TAG_BYTES:]
            expected = vouch_for(folder.path, body)
            # Before a byte of it is decoded.
            if expected is None or not hmac.compare_digest(tag, expected):
                self.refusal = "it was not written here by this user"
                return None
            self.checkpoint = _DECODER.decode(body)
        except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            self.refusal = words_of(error) if isinstance(error, OSError) else str(error)
            return None
        if self.checkpoint.kernel != KERNEL:
            self.checkpoint, self.refusal = None, "another version wrote it"
            return None
        return self.checkpoint.mark
