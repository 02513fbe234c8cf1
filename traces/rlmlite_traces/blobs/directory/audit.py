"""What is in a store, who refers to it, and whether it is still what was put there."""

import time
from collections.abc import Iterator

import msgspec

from rlmlite_kernel.values.blobs import InputChangedError
from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.blobs.directory.leases import Leases
from rlmlite_traces.blobs.directory.roots import Roots
from rlmlite_traces.files.mapped import hash_file


class ObjectUse(msgspec.Struct, frozen=True):
    """An object: its size in bytes, its age in whole seconds since it was last put or found, and who refers to it.

    `traces` are places of traces, `processes` the process numbers of live leases.
    """

    digest: str
    size: int
    age: int
    traces: tuple[str, ...]
    processes: tuple[int, ...]


class Damage(msgspec.Struct, frozen=True):
    """An object that is not what its name says, and what is there instead: a digest, or why it cannot be read."""

    digest: str
    found: str


def list_objects(layout: Layout) -> Iterator[ObjectUse]:
    """Every object, in the order of digests. Raises `StoreCorruptError` for a root that is not readable."""
    leases, roots = Leases(layout), Roots(layout)
    leases.renew()  # without the lock, which cannot be had where one can only read; a lease just made is missed
    roots.renew()
    traces: dict[str, list[str]] = {}
    for root in roots:
        for digest in root.digests:
            traces.setdefault(digest, []).append(root.trace)
    for digest in layout.digests():
        try:
            status = layout.place(digest).stat()
        except FileNotFoundError:  # collected meanwhile
            continue
        age = max(0, int(time.time() - status.st_ctime))
        processes = tuple(int(name.partition("-")[0]) for name in leases.holders(digest))
        yield ObjectUse(digest, status.st_size, age, tuple(traces.get(digest, ())), processes)


def check_objects(layout: Layout) -> Iterator[tuple[str, Damage | None]]:
    """Every object, read again from end to end, with what is wrong with it."""
    for digest in layout.digests():
        try:
            found = hash_file(layout.place(digest)).digest
        except FileNotFoundError:  # collected meanwhile
            continue
        except (OSError, InputChangedError) as error:
            found = str(error)
        yield digest, None if found == digest else Damage(digest, found)


def quarantine_object(layout: Layout, digest: str) -> None:
    """Move a damaged object aside. Its content can then be put again; who still reads it ends with an error."""
    with layout.lock():
        layout.place(digest).rename(layout.quarantine / digest)
