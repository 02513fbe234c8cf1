"""Traces on disk: write them, check them, recover them, execute them again.

Start at `Log` (one writer), `verify` (is it unaltered?) and `replay` (did the kernel really do this?).
"""

from rlmlite_traces.contents import Presence
from rlmlite_traces.directory import DirectoryStore
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
from rlmlite_traces.index_folder import IndexFolder
from rlmlite_traces.log import Log
from rlmlite_traces.mapped import DigestCache, HashedFile
from rlmlite_traces.nested import NestedTrace, Standing, nested_place, nested_traces
from rlmlite_traces.reader import CheckedTrace, Level, UncheckedTrace
from rlmlite_traces.rebuild import Derive
from rlmlite_traces.recovery import Recovered, recover
from rlmlite_traces.replay import replay
from rlmlite_traces.show import neutral, show
from rlmlite_traces.stores import FileBlobs, store_of
from rlmlite_traces.verdicts import Difference, Replayed, Unfinished, Verdict
from rlmlite_traces.verify import verify

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
