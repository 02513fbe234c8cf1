"""The controller's prompt: a function of the state, the history and the question, the same bytes each time.

    instructions, card, inputs, history, variables, notes, budgets, question

What stays the same comes first, so that a provider's cache can keep it. The whole has a ceiling; history gives way:
an old turn shrinks to one line, then the oldest lines go, and it is said how many. Notes stay.
Content of inputs, models and tools is in it only as observations, where the kernel has fenced it as data.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from rlmlite.agent.card import card
from rlmlite.agent.instructions import instructions
from rlmlite.runs.history import Exchange
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.variables import Variable
from rlmlite_kernel.values.fences import fenced, list_names
from rlmlite_kernel.values.values import Rows, Text

CEILING = 64_000
"""Bytes of a whole prompt, unless `call_prompt_bytes` is less."""

QUESTION_BYTES = 8_000
"""Bytes of a question; what is longer belongs into an input."""

FULL = 4  # turns at the end of the history that are shown in full, as far as there is room
_PROGRAM = 3_000  # bytes of a program that is shown
_LINE = 300  # bytes of an old turn's line
_NOTES = 4_000  # bytes of all notes; the newest stay
_VARIABLES = 100  # variables that are listed; the newest stay
_WITHHELD = "the policy keeps its content from you"
_NEAR = 3  # turns before the end at which the controller is told

ALWAYS = ("turns", "sub_calls")
TOLD = ("steps", "prompt_bytes", "output_tokens", "chunks", "search_work", "value_bytes", "tokens", "cost_nano")
"""Budgets that are always told, and those that are told when half is gone or the caller set them."""


class Ask(msgspec.Struct, frozen=True):
    """What a controller is asked: the question, the form of its answer, and what it is to be told just now.

    `remarks` are said of a turn below its observation. `last`: only `final` is permitted.
    """

    question: str
    form: str = ""
    signal: str = ""
    last: bool = False
    remarks: Mapping[int, str] = {}


def prompt(state: State, history: Sequence[Exchange], ask: Ask) -> str:
    """The whole prompt. It is longer than `ceiling` only if the parts that cannot give way are."""
    before = "\n\n".join(
        [instructions().rstrip(), card(state.run.table, state.settings.policy), _inputs(state, history)]
    )
    after = "\n\n".join(part for part in [*_now(state), _question(state, ask)] if part)
    room = ceiling(state) - len(before.encode()) - len(after.encode()) - len(_HISTORY) - 8
    told = "\n\n".join(_history(history, ask.remarks, room))
    return "\n\n".join([before, *([f"{_HISTORY}\n\n{told}"] if told else []), after]) + "\n"


def ceiling(state: State) -> int:
    """The most bytes that a prompt of this run may have."""
    return min(CEILING, state.settings.limits.call_prompt_bytes)


_OPENING = re.compile(r"<data (?P<tag>[0-9a-f]{8}) from=(?P<source>[^\n]*)>\n")
_CUT = 60  # bytes that closing a fence and stating the cut take

_HISTORY = "# What was done so far"


def _inputs(state: State, history: Sequence[Exchange]) -> str:
    """What the inputs are, and how they begin: what the host had shown of them with the first question."""
    sizes = state.coverage_report()
    names = [name for name in state.variables if name in state.run.inputs]
    lines = [_input(name, state, sizes[name]["bytes"]) for name in names[:_VARIABLES]]
    more = [f"- ... and {len(names) - _VARIABLES:,} more"] if len(names) > _VARIABLES else []
    first = next((exchange for exchange in history if exchange.question is not None), None)
    shown = [] if first is None else [step.text for step in first.steps if step.statement > 0 and step.text]
    return "\n".join(["# Inputs", *(lines or ["none"]), *more, *shown])


def _input(name: str, state: State, size: int) -> str:
    variable = state.variables[name]
    if state.withheld(variable.data):
        return f"- {name}: {variable.kind}, {_WITHHELD}; a program may use it"
    if variable.kind == "documents":
        return f"- {name}: {_title(variable)}, {size:,} bytes"
    return f"- {name}: {_title(variable)}"


def _title(variable: Variable) -> str:
    value = variable.data.value
    if isinstance(value, Rows):
        return f"{len(value):,} {variable.kind} {{{list_names(value.columns)}}}"
    if isinstance(value, Text | str):
        return f"text of {len(value) if isinstance(value, Text) else len(value.encode()):,} bytes"
    return f"{variable.kind} of {len(value):,}" if isinstance(value, list | dict) else variable.kind


def _history(history: Sequence[Exchange], remarks: Mapping[int, str], room: int) -> list[str]:
    """The turns that there is room for, oldest first; the newest is there in any case."""
    parts: list[str] = []
    left = room - 60  # for the line that says how many are left out
    for place, exchange in enumerate(reversed(history)):
        remark = remarks.get(exchange.turn, "")
        line = _line(exchange)
        whole = line if exchange.question is not None else _whole(exchange, remark)
        text = whole if place < FULL and len(whole.encode()) <= left - _LINE else line
        if place == 0 and text is line:
            text = _cut(whole, max(_LINE, left))
        left -= len(text.encode()) + 2
        if left < 0 and parts:
            parts.append(f"[turns 1 to {exchange.turn} are left out here]")
            break
        parts.append(text)
    return parts[::-1]


def _cut(text: str, room: int) -> str:
    """The beginning of a turn, with the cut stated; data that is cut is fenced anew, so that no fence is left open."""
    if len(text.encode()) <= room:
        return text
    kept = fit_text(text, max(0, room - _CUT))[0].rpartition("\n")[0]  # without its own note
    at = 0
    while (opening := _OPENING.search(kept, at)) is not None:
        closing = f"\n</data {opening['tag']}>"
        end = kept.find(closing, opening.end() - 1)
        if end < 0:
            body = fenced(kept[opening.end() :].encode(), opening["source"]).decode()
            kept = kept[: opening.start()] + body
            break
        at = end + len(closing)
    return f"{kept}\n[{len(text.encode()):,} bytes, cut here]"


def _whole(exchange: Exchange, remark: str) -> str:
    """A turn: the program, what was observed, what is to be said of it."""
    program = fit_text(exchange.program.strip(), _PROGRAM)[0]
    fenced = "`" * max(3, 1 + _longest_run(program))
    parts = [f"## Turn {exchange.turn}{_by(exchange)}", f"{fenced}\n{program}\n{fenced}"]
    parts += [text for text in (exchange.observation, f"! {remark}" if remark else "") if text]
    return "\n".join(parts)


def _by(exchange: Exchange) -> str:
    return "" if exchange.role else ", by the host"


def _line(exchange: Exchange) -> str:
    """What ran, and what came of it, on one line."""
    if exchange.question is not None:
        said = [f"it asked: {exchange.question}"]
    elif exchange.problems:
        said = [f"refused: {exchange.problems[0].message}"]
    else:
        said = [step.text.partition("\n")[0] for step in exchange.steps if step.text]
    line = " ".join("; ".join(said).split())
    return f"turn {exchange.turn}{_by(exchange)}: {_clipped(line, _LINE)}"


def _clipped(line: str, limit: int) -> str:
    return line if len(line.encode()) <= limit else line.encode()[: limit - 5].decode("utf-8", "ignore") + " ..."


def _longest_run(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest


def _now(state: State) -> Iterator[str]:
    """The variables that there are, the notes, and what is left of the budgets."""
    made = [(name, variable) for name, variable in state.variables.items() if name not in state.run.inputs]
    if made:
        hidden = len(made) - _VARIABLES
        lines = [f"- ... {hidden:,} older ones"] if hidden > 0 else []
        for name, variable in made[-_VARIABLES:]:
            title = _WITHHELD if state.withheld(variable.data) else _title(variable)
            lines.append(f"- {name}: {title}, of turn {variable.turn}")
        yield "\n".join(["# Variables", *lines])
    if state.notes:
        yield "\n".join(["# Your notes", *_notes(state.notes)])
    yield "\n".join(["# Budgets left", *_budgets(state)])


def _notes(notes: Sequence[str]) -> list[str]:
    lines: list[str] = []
    left = _NOTES
    for place, note in enumerate(reversed(notes)):
        left -= len(note.encode()) + 3
        if left < 0 and lines:
            return [f"- ... {len(notes) - place:,} older ones", *lines[::-1]]
        lines.append(f"- {fit_text(note, _NOTES)[0]}")
    return lines[::-1]


def _budgets(state: State) -> Iterator[str]:
    limits, default = state.settings.limits, type(state.settings.limits)()
    for name in (*ALWAYS, *TOLD):
        limit = getattr(limits, name)
        if limit is not None:
            left = max(0, state.left(name))
            if name in ALWAYS or 2 * left < limit or limit != getattr(default, name):
                yield f"- {name}: {left:,} of {limit:,}"


def _question(state: State, ask: Ask) -> str:
    parts = [f"# Question\n{ask.question}"]
    if ask.form:
        parts.append(f"The value of final(...) must fit this JSON schema:\n{ask.form}")
    if ask.signal:
        parts.append(f"! {ask.signal}")
    left = state.left("turns")
    if ask.last:
        parts.append("! This is the last turn. Only one statement is permitted: final(...), without calls of models.")
        parts.append("Answer with what you have; say in the answer what is not known.")
    elif left <= _NEAR:
        parts.append(f"! Only {left} turns are left, this one included. Come to an answer.")
    return "\n\n".join(parts)
