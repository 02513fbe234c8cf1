"""A store of contents in a directory: named by their digest, crash-safe, shared by many processes, collected.

Start at `DirectoryStore`. What is kept and for how long is in docs/decisions/0012-a-store-in-a-directory.md.
"""

from rlmlite_traces.blobs.directory.audit import Damaged, Held, damaged, held_objects, set_aside
from rlmlite_traces.blobs.directory.collection import GRACE_SECONDS, Collected, collect
from rlmlite_traces.blobs.directory.layout import Layout, found
from rlmlite_traces.blobs.directory.store import DirectoryStore

__all__ = [
    "GRACE_SECONDS",
    "Collected",
    "Damaged",
    "DirectoryStore",
    "Held",
    "Layout",
    "collect",
    "damaged",
    "found",
    "held_objects",
    "set_aside",
]
