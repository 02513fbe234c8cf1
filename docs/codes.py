"""The tables of `docs/reference/faults.md`. A code without a meaning here fails `make docs`."""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final, get_args

from docs.tables import code, table
from rlmlite.clients.interface.failures import FAILURES
from rlmlite_kernel.effects.requests import Failure
from rlmlite_kernel.faults import FAULTS
from rlmlite_kernel.records.reasons import REASONS
from rlmlite_kernel.records.remarks import CODES
from rlmlite_kernel.run.status import LOSSES

UNREADABLE: Final = {
    "syntax": "the text does not follow the grammar at this place",
    "layout": "a blank or a line break in a place where it would change the meaning",
    "crowded": "two statements without a newline or `;` between them",
    "unclosed": "a string, a regex or a bracket is not closed",
    "foreign": "a keyword of another language: `for`, `if`, `def`, ...",
    "reserved": "a reserved word is used as a name",
    "name": "a name is too long",
    "number": "a number has too many digits or is too large",
    "escape": "an unknown escape sequence in a string",
    "regex": "a flag other than `i`, `m`, `s`",
    "order": "a positional argument follows a named one",
    "duplicate": "an argument or a key is given twice",
    "depth": "brackets or expressions are nested too deeply",
    "size": "the program is too long",
    "text": "the program is not valid Unicode",
    "fence": "a code fence in a reply is not closed",
    "prose": "the reply contains no statement",
    "empty": "the reply is empty",
}
"""Why a text is not a program."""

ENDS: Final = {
    "no_answer": "the program ended without `final`",
    "stuck": "no controller made progress: repeated replies, only mistakes, or nothing new",
    "last_answer": "a budget ran out, and the last turn answered from the results up to then",
    "answer_type": "the last answer does not match the requested type",
    "controller": "the last controller gave no reply",
    "draft": "no answer was taken; the last `draft(...)` stands",
    **LOSSES,
    **{name: reason.message for name, reason in REASONS.items()},
}
"""Reasons in a seal: those of a host, the losses that make an answer partial, and what speaks against an answer."""

HOLDS_FOR: Final = {True: "the program of a controller", False: "every program"}

_RAISED = re.compile(r'(?:refuse|Problem)\(\s*"([a-z_]+)"')


def faults() -> str:
    """The codes of steps."""
    return table(("code", "meaning"), ((code(name), meaning) for name, meaning in FAULTS.items()))


def remarks() -> str:
    """The codes of warnings and notes."""
    return table(("code", "meaning"), ((code(name), meaning) for name, meaning in CODES.items()))


def reasons() -> str:
    """What speaks against an answer."""
    rows = ((code(name), each.message, HOLDS_FOR[each.controllers_only]) for name, each in REASONS.items())
    return table(("reason", "what is told", "holds for"), rows)


def unreadable() -> str:
    """The codes of texts that are no program."""
    return table(("code", "meaning"), ((code(name), meaning) for name, meaning in UNREADABLE.items()))


def calls() -> str:
    """The errors of calls."""
    kinds = [(name, FAILURES[name]) for name in get_args(Failure)]
    rows = [(code(name), each.meaning, "yes" if each.is_retryable else "no", each.advice) for name, each in kinds]
    return table(("error", "meaning", "may help to ask again", "what to do"), rows)


def ends() -> str:
    """The reasons of seals."""
    return table(("reason", "meaning"), ((code(name), meaning) for name, meaning in ENDS.items()))


def grammar_codes() -> frozenset[str]:
    """Every code that the source of the grammar package names."""
    return frozenset(name for source in _sources() for name in _RAISED.findall(source))


def _sources() -> Iterator[str]:
    for path in sorted(Path(str(resources.files("rlmlite_grammar"))).rglob("*.py")):
        yield path.read_text("utf-8")
