"""Seccomp: the kernel refuses every system call that a parser has no use for, from now on and for good.

The list says what is allowed, not what is forbidden, so that a call which a later kernel adds is refused too. What is
not on it fails as if the kernel did not have it (ENOSYS), which libraries expect of older kernels and cope with.

    socket, connect, execve, fork, kill, ptrace, ...     not on the list
    clone                                                threads only
    open                                                 for reading only
    fcntl, prctl, ioctl                                  a few of their many commands
    tgkill                                               this process only: how `abort` ends it

libseccomp translates names to numbers and builds the filter. It is part of nearly every Linux system; it is called
through `ctypes`, since its Python bindings are thinner than what is below.
"""

import ctypes
import errno
import os
from collections.abc import Sequence

from rlmlite.guard.worker.limits import IS_LINUX

_ALLOW = 0x7FFF0000
_FAIL = 0x00050000
_EQUAL, _MASKED_EQUAL = 4, 7
_CLONE_THREAD = 0x10000
_OPEN_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OPEN_UNNAMED = getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY if IS_LINUX else 0

_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""Duplicates, flags, locks and the size of a pipe. Not the owner of a file: signals can be sent to others by that."""

_PRCTL_OPTIONS = (15, 16, 0x53564D41)
"""Names of threads and of memory. Not the signal at the parent's death, which a worker must not take back."""

_NAMES = """
    read readv pread64 preadv write writev lseek close close_range dup
    fstat fstat64 newfstatat fstatat64 stat stat64 lstat lstat64 statx access faccessat faccessat2 readlink readlinkat
    getcwd getdents getdents64 statfs statfs64 fstatfs fstatfs64
    mmap mmap2 munmap mprotect mremap madvise brk msync mincore fadvise64 arm_fadvise64_64
    futex futex_time64 set_robust_list get_robust_list rseq membarrier set_tid_address
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall rt_sigtimedwait
    clock_gettime clock_gettime64 clock_getres gettimeofday time times nanosleep clock_nanosleep
    clock_nanosleep_time64 poll ppoll ppoll_time64 select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait
    eventfd2 pipe2
    sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min getcpu getpriority
    getpid gettid getppid getuid geteuid getgid getegid getrusage getrlimit ugetrlimit sysinfo uname getrandom
    arch_prctl exit exit_group
"""
_ALLOWED = _NAMES.split()
"""What parsers, Python and the C library use. Names that a processor does not have are passed over."""


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """The filter, built once. `load` puts it on the process that calls it; a worker does so just after its fork."""

    def __init__(self) -> None:
        """Build the filter. Raises `OSError` without libseccomp."""
        self._library = _library()
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(_FAIL | errno.ENOSYS)))
        if not self._context.value:
            raise OSError("libseccomp cannot begin a filter")
        for name in _ALLOWED:
            self._allow(name)
        self._allow("clone", _Comparison(0, _MASKED_EQUAL, _CLONE_THREAD, _CLONE_THREAD))
        writing = _OPEN_WRITING | _OPEN_UNNAMED
        self._allow("open", _Comparison(1, _MASKED_EQUAL, writing, 0))
        self._allow("openat", _Comparison(2, _MASKED_EQUAL, writing, 0))
        # To ask for a limit, not to set one. 0 is this process, and no new limit.
        self._allow("prlimit64", _Comparison(2, _EQUAL, 0, 0))
        # Whether a file is a terminal; any other request may be of a device.
        self._allow("ioctl", _Comparison(1, _EQUAL, 0x5401, 0))
        for command in _FCNTL_COMMANDS:
            self._allow("fcntl", _Comparison(1, _EQUAL, command, 0))
        for option in _PRCTL_OPTIONS:
            self._allow("prctl", _Comparison(0, _EQUAL, option, 0))

    def load(self) -> None:
        """Put the filter on this process, which cannot take it off again. Needs `no_new_privs`. Raises `OSError`."""
        # Only now is it known which process may be signalled.
        self._allow("tgkill", _Comparison(0, _EQUAL, os.getpid(), 0))
        result = self._library.seccomp_load(self._context)
        if result < 0:
            raise OSError(-result, "seccomp: " + os.strerror(-result))

    def _allow(self, name: str, *conditions: _Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        # Negative: there is no such call on this processor.
        if number < 0:
            return
        result = self._add_rule(number, conditions)
        if result < 0:
            raise OSError(-result, f"seccomp: {name}: {os.strerror(-result)}")

    def _add_rule(self, number: int, conditions: Sequence[_Comparison]) -> int:
        listed = (_Comparison * len(conditions))(*conditions)
        return int(
            self._library.seccomp_rule_add_array(
                self._context, ctypes.c_uint32(_ALLOW), number, ctypes.c_uint(len(conditions)), listed
            )
        )


def available() -> bool:
    """Whether this machine has libseccomp, and a kernel that takes filters."""
    if not IS_LINUX or not os.path.exists("/proc/sys/kernel/seccomp"):
        return False
    try:
        _library()
    except OSError:
        return False
    return True


def _library() -> ctypes.CDLL:
    # By its file name: searching for it, as `ctypes.util.find_library` does, would start a compiler.
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    return library
