"""How much memory the data of this process may take.

A program of a controller, or an input, can ask for more memory than a machine has. Without a bound the system then
kills some process, or pages until nothing moves. With one, the step that asks gets a `MemoryError`, and only that step
fails. The bound is Linux's RLIMIT_DATA: it counts what is private and writable, so an input that is *mapped* does not
count, however large it is.

    limit_memory("4GiB")          this process may take 4 GiB beside what it maps
    default_limit()               three quarters of the machine, or nine tenths of what is free, whichever is less

Only the command line sets a limit by itself. A library must not limit the process of its host: there it takes
`max_memory=...`, or `rlmlite.limit_memory(...)`. Only the soft limit is set, so that workers can have limits of their
own. Elsewhere than on Linux the system takes no such limit; `memory_report` says so.
Not here: what a step does that runs out of memory (`rlmlite_kernel.run.turns.outages`), workers (`guard.worker`).
"""

import re
import sys
from typing import Final

from rlmlite.guard.memory.machine import free_memory, own_data, total_memory

MIB: Final = 1 << 20

UNLIMITED: Final = -1
"""`none`: the limit that the process was started with, if it was."""

LEAST: Final = 256 * MIB
"""The smallest limit: the libraries alone take about 110 MiB."""

_OF_MACHINE, _OF_FREE = 0.75, 0.9
_BINARY: Final = {"": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_UNITS: Final = {**_BINARY, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([kmgt]?i?b?)", re.IGNORECASE | re.ASCII)


class TooLittleMemoryError(ValueError):
    """A limit is smaller than the program itself needs."""


def memory_of(name: str, value: object) -> int:
    """The setting `max_memory`, in bytes. Raises `SettingError`."""
    from rlmlite.errors import SettingError  # which imports the kernel

    try:
        return parse_size(value)
    except ValueError as error:
        raise SettingError(f"setting {name}: {error}") from None


def parse_size(value: object) -> int:
    """A number of bytes from `4GiB`, `512 MiB`, `800MB`, a whole number, or `none` (`UNLIMITED`).

    Raises `ValueError`, and `TooLittleMemoryError` for less than `LEAST`.
    """
    size = value if isinstance(value, int) and not isinstance(value, bool) else _size_of_text(value)
    if size != UNLIMITED and size < LEAST:
        raise TooLittleMemoryError(f"rlmlite needs at least {_words(LEAST)} of memory, not {_words(size)}")
    return size


def _size_of_text(value: object) -> int:
    text = value.strip() if isinstance(value, str) else ""
    if text.lower() == "none":
        return UNLIMITED
    match = _SIZE.fullmatch(text)
    factor = None if match is None else _UNITS.get(match[2].upper())
    if match is None or factor is None:
        raise ValueError(f"expected an amount of memory such as 4GiB, 512MiB or none, not {value!r}")
    return int(float(match[1]) * factor)


def limit_memory(size: int | str | None = None) -> int:
    """Let the data of this process take at most so many bytes; mapped files do not count. `None` takes the default.

    Returns the limit that holds now, `UNLIMITED` if none does: see `memory_report` for why. A limit that the process
    was started with (`ulimit -d`) is never passed. Raises `ValueError`, and `TooLittleMemoryError`.
    """
    wanted = default_limit() if size is None else parse_size(size)
    if not _can_limit():
        return UNLIMITED
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _least_of(wanted, _soft_at_start(), hard)
    for flag, most in (("-d", limit), ("-v", resource.getrlimit(resource.RLIMIT_AS)[0])):
        if most != UNLIMITED and most < LEAST:
            raise TooLittleMemoryError(
                f"this process may take only {_words(most)} of memory (ulimit {flag}); rlmlite needs {_words(LEAST)}"
            )
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    return limit


def default_limit() -> int:
    """Three quarters of the memory of the machine or its container, or nine tenths of what is free if that is less.

    Never less than `LEAST`; `UNLIMITED` where the system does not say how much memory there is.
    """
    # What is free is beside what this process has already.
    own = own_data()
    bounds = [int(_OF_MACHINE * total) for total in total_memory()]
    bounds += [own + int(_OF_FREE * free) for free in free_memory()]
    return max(LEAST, min(bounds)) if bounds else UNLIMITED


def memory_report() -> tuple[bool, str]:
    """Whether the memory of this process is limited, and a sentence about it, for `rlmlite doctor`."""
    if not _can_limit():
        return False, "this system takes no limit on the data of a process; a program can use all of the memory"
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return False, "no limit; a program can use all of the memory (--max-memory, max_memory)"
    return True, f"the data of this process may take {_words(soft)}; a step that needs more fails"


def _can_limit() -> bool:
    # Other systems have the name, but count only what nobody uses any more (`brk`), or nothing.
    return sys.platform.startswith("linux")


class _AtStart:
    """The limit that this process was started with, which is read once."""

    soft: int | None = None


def _soft_at_start() -> int:
    import resource

    if _AtStart.soft is None:
        _AtStart.soft = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return _AtStart.soft


def _least_of(*limits: int) -> int:
    """The smallest of some limits; `UNLIMITED` is none, as the system has it too (RLIM_INFINITY)."""
    return min((limit for limit in limits if limit != UNLIMITED), default=UNLIMITED)


def _words(size: int) -> str:
    """An amount for people: `512 MiB`, `4 GiB`."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", MIB)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:,} bytes"
