"""A store of contents in a directory: named by digest, safe against crashes, shared by processes, garbage collected.

Start at `DirectoryStore`, one process's use of a store. `layout.py` draws the folders; `leases.py` and `roots.py` say
what is kept, `collection.py` what is removed, `audit.py` what is damaged, and `objects.py` writes.
The reasons are in docs/decisions/0012-a-store-in-a-directory.md.
"""

from rlmlite_traces.blobs.directory.audit import Damage, ObjectUse, check_objects, list_objects, quarantine_object
from rlmlite_traces.blobs.directory.collection import GRACE_SECONDS, CollectionReport, collect
from rlmlite_traces.blobs.directory.layout import Layout, open_layout
from rlmlite_traces.blobs.directory.roots import forget_trace
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
    "forget_trace",
    "list_objects",
    "open_layout",
    "quarantine_object",
]
