"""What a worker gives up before it looks at a file, in an order in which each step is still possible.

    descriptors    all but its own are closed
    limits         memory, processor time, files, descriptors, no core dump
    parent         the worker dies with the nursery
    privileges     none can be gained again (`no_new_privs`)
    Landlock       it may read the libraries that it runs on, and open nothing else
    seccomp        no network, no other process, no new program; see there

The first two hold on every system. Landlock and seccomp are Linux's, and hold where the kernel has them.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Iterable
from functools import cache, lru_cache

from rlmlite.guard.worker import landlock, seccomp
from rlmlite.guard.worker.limits import IS_LINUX, WorkerLimits

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9

_MOST_DESCRIPTORS = 65_536

_RESERVED = 512 * 1024 * 1024
"""Address space beyond memory in use: libraries and stacks of threads reserve more than they touch."""

_SYSTEM_PATHS = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo",
    "/dev/null", "/dev/urandom", "/proc/self/status", "/proc/self/maps", "/proc/self/cgroup", "/proc/meminfo",
    "/proc/cpuinfo", "/sys/devices/system/cpu", "/sys/fs/cgroup",
)  # fmt: skip
"""What libraries read of the system: shared objects, time zones, how many processors there are."""


def close_all_but(descriptors: Iterable[int]) -> None:
    """Close every descriptor but these."""
    start = 0
    for descriptor in sorted(set(descriptors)):
        # An empty range from 0 would be passed on as one without an end.
        if start < descriptor:
            os.closerange(start, descriptor)
        start = descriptor + 1
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # Where there is no limit, descriptors are still numbered from below, and the nursery has few.
    os.closerange(start, _MOST_DESCRIPTORS if limit == resource.RLIM_INFINITY else limit)


def confine(limits: WorkerLimits, paths: Iterable[str], mapped: int, nursery: int) -> None:
    """Give up everything but reading `paths` and the libraries. `mapped` is how many bytes of files may be mapped,
    `nursery` the number of the parent process.

    Raises `OSError`: then nothing of a stranger may be read.
    """
    _limit(limits, mapped)
    if not IS_LINUX:
        return
    readable = (*library_paths(), *_SYSTEM_PATHS, *paths)
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    # It may have died just before: then this process is another's child by now.
    if os.getppid() != nursery:
        raise OSError("the nursery is gone")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Nobody can attach to it or read its memory through /proc, other workers among them.
    _prctl(_PR_SET_DUMPABLE, 0)
    if landlock.version():
        landlock.read_only(readable)
    filter = call_filter()
    if filter is not None:
        filter.load()


@cache
def call_filter() -> seccomp.Filter | None:
    """The filter of system calls, or None where there is none. Building it takes a few milliseconds."""
    return seccomp.Filter() if seccomp.available() else None


def library_paths() -> tuple[str, ...]:
    """Where the modules lie that are imported so far, and what they may import later.

    Not simply `sys.path`: a folder of the user's may be on it. Looked up once for each set of modules, before the fork.
    """
    return _library_paths(len(sys.modules))


@lru_cache(maxsize=1)
def _library_paths(modules: int) -> tuple[str, ...]:
    prefixes = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    folders = [entry for entry in map(os.path.realpath, sys.path) if _is_library(entry, prefixes)]
    below = tuple(os.path.join(folder, "") for folder in folders)
    paths = set(folders)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        # The top of each package, or a module by itself, that lies elsewhere.
        if file and "." not in name and not file.startswith(below):
            real = os.path.realpath(file)
            paths.add(os.path.dirname(real) if hasattr(module, "__path__") else real)
    return tuple(sorted(paths))


def _is_library(entry: str, prefixes: set[str]) -> bool:
    named_so = os.path.basename(entry) in ("site-packages", "dist-packages", "lib-dynload") or entry.endswith(".zip")
    # Below a prefix such as `/usr`, folders of the standard library; the prefix itself may be a user's folder.
    below = any(entry.startswith(os.path.join(prefix, "lib")) for prefix in prefixes)
    return named_so or below


def _limit(limits: WorkerLimits, mapped: int) -> None:
    address_space, data = _used_bytes()
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0)
    _set(resource.RLIMIT_NOFILE, limits.open_files)
    # The soft limit sends SIGXCPU, which ends the worker; the hard one, for whoever caught that, SIGKILL.
    seconds = max(1, round(limits.seconds))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or hard > seconds + 1:
        hard = seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(seconds, hard), hard))
    # RLIMIT_DATA counts what is private and writable, and so not the files that are mapped; shared memory, which it
    # does not see either, is bounded by the address space.
    _set(resource.RLIMIT_DATA, data + limits.memory)
    _set(resource.RLIMIT_AS, address_space + limits.memory + mapped + _RESERVED)


def _set(kind: int, amount: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    try:
        resource.setrlimit(kind, (amount, amount))
    except (ValueError, OSError):
        # macOS refuses some limits on memory. `report` says that they do not hold there.
        if IS_LINUX:
            raise


def _used_bytes() -> tuple[int, int]:
    """What this process uses already, with which a fork begins: address space, and data with the stack, in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            pages = statm.read().split()
    except OSError:
        # No such file on this system. Then the limits count from zero, and are tighter than they say.
        return 0, 0
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl: " + os.strerror(ctypes.get_errno()))
