"""Memory: a limit on the data of this process, and what to do where it runs out. Start at `limit`.

`machine` tells how much there is, `attempts` tries again, or in a copy of the process.
This much is imported at the start of every command, so it imports nothing else of the package.
"""

from rlmlite.guard.memory.limit import (
    LEAST,
    UNLIMITED,
    TooLittleMemoryError,
    default_limit,
    limit_memory,
    memory_of,
    memory_report,
    parse_size,
)

__all__ = [
    "LEAST",
    "UNLIMITED",
    "TooLittleMemoryError",
    "default_limit",
    "limit_memory",
    "memory_of",
    "memory_report",
    "parse_size",
]
