"""What a reply says besides its one program: further fences, and results that the model made up.

A program is executed after its reply has ended. So whatever the reply says of results was invented, and an answer that
follows may rest on it:

    ```                              a program
    show(search(log, "lamp"))
    ```
    Output:                          a result that nobody has computed
    42 lamps
    ```                              a second fence, written as if that had been shown
    final("42 lamps")
    ```

Each is one note of the reading, without a place: the kernel holds such an answer back (`rlmlite_kernel.run.holding`).
Prose that only plans ("I will count the lamps") is none of it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.reasons import REASONS, RESULT_WRITTEN, SEVERAL_FENCES

_OUTPUTS: Final = "output out stdout stderr console terminal result observation response log data"

OUTPUTS: Final = frozenset(word + plural for word in _OUTPUTS.split() for plural in ("", "s"))
"""Languages of fences that hold what a program is said to have given."""

_LABEL = (
    r"outputs?|results?|observations?|observed|response|returned|prints?|printed|stdout|console"
    r"|answer(?=\s*:\s*\S|\s+\w)"
)

_RESULT: Final = re.compile(
    rf"""
      ^\W* (?:\w+\s+){{0,3}} (?:{_LABEL}) \b [^:\n]{{0,30}} :           # Output: 42    ## Execution result (turn 1):
    | \b (?:{_LABEL}) \s+ (?:is|was|were|are|shows?|showed|says?|said) \b    # the output shows
    | \b (?:this|it|that|which|program|search|query|we|i) \s+ (?:just\s+|now\s+)?
         (?:returns?|returned|prints?|printed|gives?|gave|yields?|yielded|shows?|showed|finds?|found|gets?|got|sees?|saw)
         \b [^\n]* \d                                                       # it returned 42
    | ^\s* (?:>>> | \.\.\.\s | Out\[ | [-=]>\s | [→⇒] | </?data\b)          # => 42    <data 8d2a01f7 from=log>
    | ^\s* [A-Za-z_]\w* \s* = \s* [-\d"'\[{{]                               # n = 42    hits = 3 hits
    | ^\s* [A-Za-z_]\w* : \s+ [\d,]+ \s+ \w+                                # hits: 3 hits
    | ^\s* [\[{{] [^\n]* [\]}}] ,? \s* $                                    # {{"line": 17}}
    """,
    re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)
"""Matches a line of prose that tells a result."""


def notes_of_reply(fences: int, languages: Iterable[str], prose: Sequence[str]) -> tuple[Problem, ...]:
    """The notes on a reply with so many fences, of these languages, and these lines of prose around them."""
    notes: list[Problem] = []
    if fences > 1:
        notes.append(Problem(SEVERAL_FENCES, REASONS[SEVERAL_FENCES].message))
    if any(language in OUTPUTS for language in languages) or tells_a_result(prose):
        notes.append(Problem(RESULT_WRITTEN, REASONS[RESULT_WRITTEN].message))
    return tuple(notes)


def tells_a_result(prose: Sequence[str]) -> bool:
    """Whether lines of prose tell what a program gave."""
    return _RESULT.search("\n".join(prose)) is not None
