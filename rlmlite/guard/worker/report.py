"""What confines a worker on this machine, for people: `rlmlite doctor` prints it."""

from collections.abc import Iterator

import msgspec

from rlmlite.guard.worker import landlock, seccomp
from rlmlite.guard.worker.limits import IS_LINUX


class Protection(msgspec.Struct, frozen=True):
    """One protection: what it is, whether it holds here, and what follows, or what to do for it to hold."""

    name: str
    holds: bool
    why: str


def protections() -> Iterator[Protection]:
    """Each protection of the worker in which parsers run, whether or not it holds on this machine."""
    yield Protection("process", True, "a crash of a parser ends its worker, not this process")
    yield Protection("environment", True, "no keys, no descriptors, no memory of this process")
    yield Protection("time and files", True, "limits of processor time, descriptors and written files")
    yield _memory()
    yield _landlock()
    yield _seccomp()


def _memory() -> Protection:
    if IS_LINUX:
        return Protection("memory", True, "a limit on what a parser allocates")
    return Protection("memory", False, "this system takes no limit on memory; a hostile file may use much of it")


def _landlock() -> Protection:
    known = landlock.version()
    if known:
        return Protection("Landlock", True, f"version {known}: a parser can open its own libraries, and nothing else")
    remedy = "a parser could open other files; Linux 5.13 and later have it, if it is among the `lsm=` of the kernel"
    return Protection("Landlock", False, remedy)


def _seccomp() -> Protection:
    if seccomp.available():
        return Protection("seccomp", True, "no network, no new process, no signal to others, no file for writing")
    remedy = "a parser that was taken over could use the network; on Linux, install libseccomp (libseccomp2)"
    return Protection("seccomp", False, remedy)
