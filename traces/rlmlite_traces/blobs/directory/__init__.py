"""A store of contents in a directory: named by their digest, crash-safe, shared by many processes, collected.

Start at `DirectoryStore`. What is kept and for how long is in docs/decisions/0012-a-store-in-a-directory.md.
"""

from rlmlite_traces.blobs.directory.audit import Damage, ObjectUse, check_objects, list_objects, quarantine_object
from rlmlite_traces.blobs.directory.collection import GRACE_SECONDS, CollectionReport, collect
from rlmlite_traces.blobs.directory.layout import Layout, open_layout
from rlmlite_traces.blobs.directory.store import DirectoryStore

__all__ = [
    "GRACE_SECONDS",
    "CollectionReport",
    "Damage",
    "DirectoryStore",
    "Layout",
    "ObjectUse",
    "check_objects",
    "collect",
    "list_objects",
    "open_layout",
    "quarantine_object",
]
