"""The tables of `docs/reference/faults.md`. A code without a meaning here fails `make docs`."""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final, get_args

from docs.tables import code, table
from rlmlite_kernel.effects.requests import Failure
from rlmlite_kernel.faults import FAULTS

UNREADABLE: Final = {
    "syntax": "something else was expected at this place",
    "layout": "a blank, or a line break, where it would change what is read",
    "crowded": "two statements without a newline or `;` between them",
    "unclosed": "a text, a regex or a bracket is not closed",
    "foreign": "a word of another language: `for`, `if`, `def`, ...",
    "reserved": "a word of the language stands where a name belongs",
    "name": "a name is too long",
    "number": "a number has too many digits or is too large",
    "escape": "an escape in a text that means nothing",
    "regex": "a flag other than `i`, `m`, `s`",
    "order": "an argument without a name stands after one with a name",
    "duplicate": "an argument or a key is given twice",
    "depth": "brackets or expressions are nested too deep",
    "size": "the program is too long",
    "text": "the program is not valid Unicode",
    "fence": "a fence in a reply is not closed",
    "prose": "the reply holds no statement",
    "empty": "there is nothing to read",
}
"""Why a text is no program."""

ENDS: Final = {
    "no_answer": "the program ended without `final`",
    "search_work": "a search or a chunk ran out of `search_work`: what it did not reach is unseen",
    "patterns": "a text has too many different lines: those that found no room are counted under `<*>`",
    "calls_failed": "some calls of a fan-out failed",
    "stuck": "every controller went round in circles: the same again, nothing but mistakes, or nothing new",
    "last_answer": "a budget ended, and the last turn was for an answer from what there was",
    "answer_type": "the last answer has not the type that was asked for",
    "controller": "the last controller gave no reply",
    "too_long": "some prompts were longer than `call_prompt_bytes`",
    "join": "a join gave more rows than its limit, and was cut there",
    "rows_lacking": "some rows of `classify` or `extract_over_rows` got no answer",
    "nested_partial": "a nested run gave a partial answer",
    "budget": "calls were not made, or a step was refused, for lack of a budget",
    "too_large": "a step was refused for lack of `value_bytes`",
    "input_changed": "a file changed under the run: that step was discarded",
}
"""Reasons of a seal that are no fault of a step, or that also name a bound that bit."""

CALLS: Final[dict[str, str]] = {
    "timeout": "no reply in time",
    "rate": "the provider refused for now",
    "refused": "the provider refused for good",
    "schema": "the reply has not the form that was asked for",
    "cancelled": "the call was cancelled",
    "too_long": "the prompt is longer than `call_prompt_bytes` or the model's window, or the answer was cut off",
    "budget": "tokens or cost ran out; the call was not made",
    "unavailable": "no model, or none that answers; no tool, or nobody to ask",
    "raised": "the tool raised an error",
    "unknown": "a tool with side effects was begun and nobody saw its end; it was not called again",
    "no_answer": "the nested run ended without an answer",
}
"""Why a call has no answer."""

_RAISED = re.compile(r'(?:refuse|Problem)\(\s*"([a-z_]+)"')


def faults() -> str:
    """The codes of steps."""
    return table(("code", "meaning"), ((code(name), meaning) for name, meaning in FAULTS.items()))


def unreadable() -> str:
    """The codes of texts that are no program."""
    return table(("code", "meaning"), ((code(name), meaning) for name, meaning in UNREADABLE.items()))


def calls() -> str:
    """The errors of calls."""
    return table(("error", "meaning"), ((code(name), CALLS[name]) for name in get_args(Failure)))


def ends() -> str:
    """The reasons of seals."""
    return table(("reason", "meaning"), ((code(name), meaning) for name, meaning in ENDS.items()))


def grammar_codes() -> frozenset[str]:
    """Every code that the source of the grammar package names."""
    return frozenset(name for source in _sources() for name in _RAISED.findall(source))


def _sources() -> Iterator[str]:
    for path in sorted(Path(str(resources.files("rlmlite_grammar"))).rglob("*.py")):
        yield path.read_text("utf-8")
