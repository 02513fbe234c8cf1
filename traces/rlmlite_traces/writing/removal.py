"""Removing a whole trace: under its lock, so that no writer has it, and without following a link.

The folder gets another name first. So whoever comes later finds no trace, and not a half of one; and what a crash
leaves of it is not listed as one.
"""

import os
import shutil
from pathlib import Path

from rlmlite_traces.errors import TraceLockedError, TraceMissingError
from rlmlite_traces.files.append_only import WriterLock
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import RECORDS, REMOVED
from rlmlite_traces.writing.log import LOCK


def is_locked(path: Path) -> bool:
    """Whether a process is writing this trace now. A trace that was never locked here is not."""
    with Folder.open(path) as folder:
        if not folder.exists(LOCK):
            return False
        try:
            WriterLock(folder, LOCK).release()
        except TraceLockedError:
            return True
    return False


def remove_trace(path: Path) -> None:
    """Remove a trace with all that is in its folder.

    Raises `TraceLockedError` if a process is writing it, `TraceMissingError` if it is no trace, `OSError`.
    """
    if path.is_symlink():
        raise TraceMissingError(path, "it is a link: what it leads to is not removed")
    with Folder.open(path) as folder:
        if not folder.is_plain(RECORDS):
            raise TraceMissingError(path / RECORDS, "no such file, so this is no trace")
        lock = WriterLock(folder, LOCK)
        try:
            removed = path.with_name(f"{path.name}{REMOVED}")
            os.rename(path, removed)
            shutil.rmtree(removed)
        finally:
            lock.release()
