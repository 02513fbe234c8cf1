"""Exit codes: the one table that the commands and their documentation go by.

A script can tell from the code alone whose turn it is: the user's (2, 5), the program's (3, 4), the trace's (6 to 9).
"""

from enum import IntEnum
from types import MappingProxyType


class Exit(IntEnum):
    """How the command ended."""

    COMPLETED = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    REFUSED = 4
    INPUT = 5
    BROKEN = 6
    DIFFERS = 7
    ENGINES = 8
    UNVERIFIABLE = 9
    WAITING = 10
    INTERRUPTED = 130


MEANINGS = MappingProxyType(
    {
        Exit.COMPLETED: "done: the run completed, the trace verified, or the replay found no difference",
        Exit.FAILED: "the run failed: a statement failed and there is no answer, or the machine failed (disk, a bug)",
        Exit.USAGE: "the command line is wrong: an unknown option, a bad limit, an unknown model",
        Exit.PARTIAL: "partial: a limit was met, a call failed or an input is not whole; the work done is kept",
        Exit.REFUSED: "the program was refused before it ran: it does not parse, or the checker found a fault",
        Exit.INPUT: "an input cannot be read: missing, unreadable, binary or badly named",
        Exit.BROKEN: "the trace is damaged or altered, is not the expected one, or proves less than required",
        Exit.DIFFERS: "the replay computed something that the trace does not record, or two traces differ",
        Exit.ENGINES: "the replay found a difference, but under other engine versions than the trace's",
        Exit.UNVERIFIABLE: "nothing contradicts the trace, but some steps were not replayed: an input is missing",
        Exit.WAITING: "calls of a session are waiting for answers: `rlmlite session pending`, then `resume`",
        Exit.INTERRUPTED: "interrupted (Ctrl-C); the trace up to that point is valid and open",
    }
)

STATUSES = MappingProxyType(
    {
        "completed": Exit.COMPLETED,
        "partial": Exit.PARTIAL,
        "refused": Exit.REFUSED,
        "failed": Exit.FAILED,
    }
)
"""The exit code of each status of a run."""


def exit_code_table() -> str:
    """The codes as a Markdown table."""
    rows = [f"| {code.value} | {code.name.lower()} | {MEANINGS[code]} |" for code in Exit]
    return "\n".join(["| code | name | meaning |", "| ---: | --- | --- |", *rows])
