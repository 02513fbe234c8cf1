"""Landlock: the kernel lets a process open nothing but the folders and files that it names, and never more again.

    ruleset  = landlock_create_ruleset(what is governed)     reading, writing, connecting: all of it
    landlock_add_rule(ruleset, folder, may read)             one for each folder that is to stay readable
    landlock_restrict_self(ruleset)                          from here on, nothing else can be opened

It needs no privilege and cannot be undone. Files that are open already stay so, which is how a worker gets its input.

Three system calls through `ctypes`, because no library for them is well kept. Their numbers are the same on every
processor. The kernel's version of the interface says which rights it knows; naming one that it does not know fails.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

from rlmlite.guard.worker.limits import IS_LINUX

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files each version knows; they are the lowest bits."""

_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_NETWORK_RIGHTS = 0b11
"""Binding and connecting TCP sockets."""
_SCOPES = 0b11
"""Abstract Unix sockets of others, and signals to others."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none, or none that is switched on."""
    if not IS_LINUX:
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def read_only(paths: Iterable[str]) -> None:
    """From now on, let this process read these folders and files, and open nothing else. Needs `no_new_privs`.

    A path that does not exist is left out. Raises `OSError`.
    """
    known = version()
    all_rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= known)) - 1
    network = _NETWORK_RIGHTS if known >= _NETWORK_SINCE else 0
    scopes = _SCOPES if known >= _SCOPES_SINCE else 0
    governed = _Ruleset(all_rights, network, scopes)
    # An older kernel knows a shorter structure, and takes a longer one whose rest is zero.
    ruleset = _call(_CREATE_RULESET, ctypes.byref(governed), ctypes.c_size_t(ctypes.sizeof(governed)), 0)
    try:
        for path in paths:
            _allow(ruleset, path)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        # A right on folders, for a file, is refused by the kernel.
        is_folder = stat.S_ISDIR(os.fstat(place).st_mode)
        rule = _PathBeneath(_READ_FILE | _READ_DIR if is_folder else _READ_FILE, place)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)


def _call(*arguments: object) -> int:
    result = int(_libc().syscall(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock: " + os.strerror(ctypes.get_errno()))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
