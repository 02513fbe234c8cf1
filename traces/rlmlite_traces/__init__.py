"""Traces on disk: write them, check them, recover them, execute them again.

Start at `Log` (one writer), `verify` (is it unaltered?) and `replay` (did the kernel really do this?).
"""

from rlmlite_traces.blobs.directory import DirectoryStore
from rlmlite_traces.blobs.stores import FileBlobs, store_of
from rlmlite_traces.errors import (
    BlobAbsentError,
    BlobMismatchError,
    BlobUnreferencedError,
    LevelError,
    RootMismatchError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreWriteError,
    TraceBrokenError,
    TraceError,
    TraceExistsError,
    TraceLockedError,
    TraceMissingError,
    TraceSealedError,
    UnknownFormatError,
)
from rlmlite_traces.files.index_folder import IndexFolder
from rlmlite_traces.files.mapped import DigestCache, HashedFile
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace
from rlmlite_traces.format.show import neutral, show
from rlmlite_traces.format.verify import verify
from rlmlite_traces.replays.nested import NestedTrace, Standing, nested_place, nested_traces
from rlmlite_traces.replays.rebuild import Derive
from rlmlite_traces.replays.replay import replay
from rlmlite_traces.replays.verdicts import Difference, Replayed, Unfinished, Verdict
from rlmlite_traces.writing.log import Log
from rlmlite_traces.writing.recovery import Recovered, recover

__all__ = [
    "BlobAbsentError",
    "BlobMismatchError",
    "BlobUnreferencedError",
    "CheckedTrace",
    "Derive",
    "Difference",
    "DigestCache",
    "DirectoryStore",
    "FileBlobs",
    "HashedFile",
    "IndexFolder",
    "Level",
    "LevelError",
    "Log",
    "NestedTrace",
    "Presence",
    "Recovered",
    "Replayed",
    "RootMismatchError",
    "Standing",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreError",
    "StoreMissingError",
    "StoreReadOnlyError",
    "StoreWriteError",
    "TraceBrokenError",
    "TraceError",
    "TraceExistsError",
    "TraceLockedError",
    "TraceMissingError",
    "TraceSealedError",
    "UncheckedTrace",
    "Unfinished",
    "UnknownFormatError",
    "Verdict",
    "nested_place",
    "nested_traces",
    "neutral",
    "recover",
    "replay",
    "show",
    "store_of",
    "verify",
]
