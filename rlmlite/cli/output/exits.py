"""Exit codes: one table, of which the documentation is made."""

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
        Exit.COMPLETED: "done: the run completed, the trace verified, the replay found no difference",
        Exit.FAILED: "the run failed: a statement failed and there is no answer, or the machine did (disk, a bug)",
        Exit.USAGE: "the command line makes no sense: an unknown option, a bad limit, an unknown model",
        Exit.PARTIAL: "partial: a bound bit, a call failed or an input changed; what was done is in the result",
        Exit.REFUSED: "the program was refused before it ran: it does not parse or does not check",
        Exit.INPUT: "an input cannot be taken: missing, unreadable, binary, badly named",
        Exit.BROKEN: "the trace is broken, altered, another one, or proves less than was asked for",
        Exit.DIFFERS: "the replay computed something else than the trace records",
        Exit.ENGINES: "the replay found a difference, under other engine versions than the trace's",
        Exit.UNVERIFIABLE: "nothing contradicts the trace, but some steps could not be replayed: an input is not there",
        Exit.WAITING: "calls of a session wait for answers: `rlmlite session pending`, then `resume`",
        Exit.INTERRUPTED: "interrupted (Ctrl-C); the trace up to there is valid and open",
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
