"""What a store holds, who needs each object, and whether each is still what was put there.

The digest in an object's name is all that is needed to check it: hash the file and compare. A disk that lost a bit, a
process that wrote to the file, a copy that was truncated, all show in the same way.

    objects/3f/0c...   hashes to 3f0c...   sound
    objects/77/ab...   hashes to e1d0...   Damage("77ab...", "e1d0...")

Nothing is repaired: the store has no second copy. A damaged object can be moved to `quarantine/`; the next process
that has the content then puts it again.
"""

import time
from collections.abc import Iterator

import msgspec

from rlmlite_kernel.values.blobs import InputChangedError
from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.blobs.directory.leases import Leases
from rlmlite_traces.blobs.directory.roots import Roots
from rlmlite_traces.files.mapped import hash_open


class ObjectUse(msgspec.Struct, frozen=True):
    """An object: its size in bytes, its age in whole seconds since it was last put or looked up, and who needs it.

    `traces` are the paths of traces, `processes` the process numbers of live leases.
    """

    digest: str
    size: int
    age: int
    traces: tuple[str, ...]
    processes: tuple[int, ...]


class Damage(msgspec.Struct, frozen=True):
    """An object whose content does not match its name. `found` is that content's digest, or why it cannot be read."""

    digest: str
    found: str


def list_objects(layout: Layout) -> Iterator[ObjectUse]:
    """Every object, in the order of digests. Raises `StoreCorruptError` if a root cannot be read."""
    leases, roots = Leases(layout), Roots(layout)
    # Without the store's lock, which a reader without write access cannot take. The worst that can happen is that
    # the list misses a lease that was taken a moment ago.
    leases.renew()
    roots.renew()
    traces = _traces_by_digest(roots)
    for digest in layout.digests():
        try:
            with layout.folder("objects", digest[:2]) as shard:
                status = shard.status(digest[2:])
        except FileNotFoundError:
            # Removed by a collection since the folder was listed.
            continue
        age = max(0, int(time.time() - status.st_ctime))
        # The name of a lease begins with its process number.
        processes = tuple(int(name.partition("-")[0]) for name in leases.holders(digest))
        yield ObjectUse(digest, status.st_size, age, tuple(traces.get(digest, ())), processes)


def _traces_by_digest(roots: Roots) -> dict[str, list[str]]:
    traces: dict[str, list[str]] = {}
    for root in roots:
        for digest in root.digests:
            traces.setdefault(digest, []).append(root.trace)
    return traces


def check_objects(layout: Layout) -> Iterator[tuple[str, Damage | None]]:
    """Every object, read from end to end, with its damage if it has any."""
    for digest in layout.digests():
        try:
            with layout.folder("objects", digest[:2]) as shard:
                descriptor = shard.open_file(digest[2:])
            found = hash_open(descriptor, layout.object_path(digest), text=False).digest
        except FileNotFoundError:
            # Removed by a collection since the folder was listed.
            continue
        except OSError as error:
            found = error.strerror or str(error)
        except InputChangedError as error:
            found = str(error)
        yield digest, None if found == digest else Damage(digest, found)


def quarantine_object(layout: Layout, digest: str) -> None:
    """Move a damaged object to `quarantine/`. Its content can then be put again.

    A process that still uses the object gets an error when it next opens or confirms it.
    """
    with layout.lock(), layout.folder("objects", digest[:2]) as shard, layout.folder("quarantine") as quarantine:
        shard.move(digest[2:], quarantine, digest)
