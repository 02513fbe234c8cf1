"""How much memory this machine has, and how much of it is free, by what Linux tells of it and of its containers.

    total_memory()     24 GB of the machine, 4 GB of the container that this process is in
    free_memory()      19 GB free on the machine, 1.5 GB in the container

Elsewhere than on Linux nothing is found, and nothing is said.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MACHINE: Final = Path("/proc/meminfo")

_MOUNTS = (("", Path("/sys/fs/cgroup")), ("memory", Path("/sys/fs/cgroup/memory")))
"""Where the groups of version 2 are, and those of version 1 that limit memory."""


def total_memory() -> Iterator[int]:
    """How much memory there is: of the machine, and of every group of processes that this one is in."""
    machine = _amounts_in(_MACHINE).get("MemTotal")
    if machine is not None:
        yield machine
    for folder in _cgroups():
        yield from _limit_of(folder)


def free_memory() -> Iterator[int]:
    """How much of it is free now. What a group has cached of files is free."""
    machine = _amounts_in(_MACHINE).get("MemAvailable")
    if machine is not None:
        yield machine
    for folder in _cgroups():
        for limit in _limit_of(folder):
            used = _number_in(folder, "memory.current", "memory.usage_in_bytes")
            if used is not None:
                yield max(0, limit - used + _cached(folder))


def _amounts_in(path: Path) -> dict[str, int]:
    """The amounts in a file of the kernel with lines such as `MemTotal:  24684000 kB`, in bytes."""
    found: dict[str, int] = {}
    for line in _text_of(path).splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()
        if len(number) == 2 and number[0].isdigit():
            found[name] = int(number[0]) * 1024
    return found


def _cgroups() -> Iterator[Path]:
    """The folders of the groups that this process is in, from its own up to the root of each hierarchy.

    A line of /proc/self/cgroup is `0::/a/b` (version 2) or `4:memory:/a/b` (version 1). In a container the path may
    not be there; then what is mounted as the root is the container's own.
    """
    for line in _text_of(Path("/proc/self/cgroup")).splitlines():
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        for controller, mount in _MOUNTS:
            if controller in controllers.split(","):
                place = mount / path.lstrip("/")
                yield from (folder for folder in (place, *place.parents) if folder.is_relative_to(mount))


def _limit_of(folder: Path) -> Iterator[int]:
    limit = _number_in(folder, "memory.max", "memory.limit_in_bytes")
    # Version 1 says "no limit" by a number that no machine has.
    if limit is not None and limit < 1 << 60:
        yield limit


def _cached(folder: Path) -> int:
    for line in _text_of(folder / "memory.stat").splitlines():
        name, _, amount = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file") and amount.isdigit():
            return int(amount)
    return 0


def _number_in(folder: Path, *names: str) -> int | None:
    """The number in the first of these files that there is; `max` and the like are none."""
    for name in names:
        text = _text_of(folder / name).strip()
        if text.isdigit():
            return int(text)
    return None


def _text_of(path: Path) -> str:
    """The text of a file of the kernel; empty where there is none."""
    try:
        return os.fsdecode(path.read_bytes())
    except OSError:
        return ""


def own_data() -> int:
    """The bytes that the data of this process takes now, as RLIMIT_DATA counts them."""
    return _amounts_in(Path("/proc/self/status")).get("VmData", 0)
