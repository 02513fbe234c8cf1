"""Engines: when another version of a library may explain a difference, and when it may not.

A trace names the versions that wrote it. Whoever forges a step can edit a version as well, so another version excuses
nothing by itself. A difference counts as one of engines only if all of this holds:

- the record is a step, and its action, or an action or a regex in its expressions, works with that engine. Earlier
  steps cannot have caused it: the refs of all values up to here are the recorded ones.
- the recorded version could be one: it is spelled as the installed one is, and not far from it.
- everything that differs is something that engines compute: what was written, shown, covered, its status. What a step
  calls, and budgets but for what follows from those, are the kernel's own arithmetic.

    engines: google-re2 1.0.20230101, installed 1.1.20251105
    search(log, /E\\w+/)   writes differ          engines: RE2 found it, another RE2 may find something else
    search(log, "ERROR")    writes differ          forged: no regex in it
    search(log, /E\\w+/)   used.steps differs     forged: RE2 counts no steps

Even then nothing shows that the step is genuine: the verdict is `engines`, with an exit code of its own, never
`reproduced`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from rlmlite_kernel.program.ast import Call, Lit, Program, Rx, Statement, Var, walk
from rlmlite_kernel.records.records import Step
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.reader import CheckedTrace

PARSER: Final = "tree-sitter"
"""How the engines begin that parse source code."""

_ENGINES: Final[Mapping[str, tuple[str, ...]]] = {
    "search": ("stringzilla", "unicode"),
    "count_matches": ("stringzilla", "unicode"),
    "rank": ("unicode", "numpy"),
    "patterns": ("google-re2", "unicode"),
    "mask": ("google-re2", "unicode"),
    "paths": ("google-re2",),
    "parse_lines": ("google-re2",),
    "replace": ("google-re2", "stringzilla", "unicode"),
    "symbols": (PARSER,),
    "lower": ("unicode",),
    "upper": ("unicode",),
    "strip": ("unicode",),
    "int": ("unicode",),
    "float": ("unicode",),
    "date": ("unicode",),
    "sum": ("numpy",),
    "avg": ("numpy",),
    "median": ("numpy",),
    "percentile": ("numpy",),
}
"""The engines whose version may change what an action computes. An action that is not here uses none that may."""

_COMPUTED_BY_ENGINES: Final = frozenset({"writes", "observation", "coverage", "status", "code", "warnings", "notes"})
_FOLLOWING: Final = frozenset({"state", "used"})
"""Fields that follow from those: they may differ beside them, never alone."""

_FOLLOWING_BUDGETS: Final = frozenset({"search_work", "chunks"})
"""The budgets that depend on what an engine found."""

_VERSION: Final = re.compile(r"[0-9]+(\.[0-9]+)+[a-z0-9.+]*")

_MAJORS: Final = 3
"""How many major versions an engine may have moved on by."""


def engines_of(statement: bytes) -> frozenset[str]:
    """The engines that a step works with, from its AST as the trace holds it. Empty for what cannot be read."""
    try:
        decoded = msgspec.json.decode(statement, type=Statement)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return frozenset()
    names: set[str] = set()
    for node in walk(Program((decoded,))):
        match node:
            case Call(name=name):
                names.update(_ENGINES.get(name, ()))
            case Rx():
                names.add("google-re2")
            case Var(name="symbols") | Lit(v="symbols"):
                names.add(PARSER)  # `chunk(code, by="symbols")`
    return frozenset(names)


def may_explain(trace: CheckedTrace, seq: int, fields: Iterable[str], versions: Mapping[str, tuple[str, str]]) -> bool:
    """Whether other `versions` (recorded and installed, by engine) may be why a record differs in these `fields`.

    `fields` are paths, as `Difference.field` has them. A statement that was redacted names no engine.
    """
    record = trace.records[seq]
    if not isinstance(record, Step) or trace.contents.presence(record.ast) is not Presence.PRESENT:
        return False
    return explains(trace.content(record.ast), fields, versions)


def explains(statement: bytes, fields: Iterable[str], versions: Mapping[str, tuple[str, str]]) -> bool:
    """The same for a step by its AST."""
    if not _are_computed(fields):
        return False
    used = engines_of(statement)
    return any(_uses(used, name) and is_plausible(*pair) for name, pair in versions.items())


def _uses(used: frozenset[str], name: str) -> bool:
    return name in used or (name.startswith(PARSER) and PARSER in used)


def _are_computed(fields: Iterable[str]) -> bool:
    """Whether all that differs can come from an engine, and something of it does so directly."""
    is_direct = False
    for field in fields:
        name, _, rest = field.partition(".")
        name = name.partition("[")[0]
        if name in _COMPUTED_BY_ENGINES:
            is_direct = True
        elif (name == "used" and rest not in _FOLLOWING_BUDGETS) or name not in _FOLLOWING:
            return False
    return is_direct


def is_plausible(recorded: str, installed: str) -> bool:
    """Whether a recorded version may be a real one of an engine: dotted numbers, the first near the installed one's.

    Without one installed here (a parser that this machine lacks), any version will do that is spelled as one.
    """
    if _VERSION.fullmatch(recorded) is None or len(recorded) > 40:
        return False
    if not installed or _VERSION.fullmatch(installed) is None:
        return True
    here, there = (int(version.partition(".")[0]) for version in (installed, recorded))
    return abs(here - there) <= _MAJORS
