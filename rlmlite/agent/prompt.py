"""The controller's prompt: a function of the state, the history and the question, the same bytes each time.

    instructions, card, inputs, facts, history, variables, notes, budgets, question

What stays the same comes first, and the history only grows at its end (`past`), so that a provider's cache keeps all
but the last turn and what stands below it: what changes with each turn. The whole has a ceiling, and the history gives
way to everything else. Notes stay: they are where a controller keeps what must outlive the history.
Content of inputs, models and tools is in it only as observations, where the kernel has fenced it as data.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

import msgspec

from rlmlite.agent.prompts.card import card
from rlmlite.agent.prompts.instructions import instructions
from rlmlite.agent.prompts.past import past
from rlmlite.clients.interface.roles import is_of
from rlmlite.inputs.user_notes import source_notes
from rlmlite.runs.history import Exchange, first_look
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.effects.levels import tell_left
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.records.evolution import NULLS_ARE_SAID, PROMPTS_FIT
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, REPAIR_ROLE, REQUIRE_EVIDENCE, SUB_ROLE, Role
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.variables import Variable
from rlmlite_kernel.values.fences import fenced, list_names
from rlmlite_kernel.values.values import Rows, Text

CEILING = 64_000
"""Bytes of a whole prompt, unless `call_prompt_bytes` is less."""

QUESTION_BYTES = 8_000
"""Bytes of a question; what is longer belongs into an input."""

_READ_BYTES = 1_000  # of what was left out of an input
_NOTES_BYTES = 4_000  # of all notes together; the newest stay
_VARIABLES = 100  # that are listed; the newest stay
_WITHHELD = "the policy keeps its content from you"
_UNLOOKED = "not looked at yet; after a look, all that you write counts as made of it, and may go only where it may"
_MENDS = "mends answers of a wrong form by itself"
_LOST = {
    "schema": "your reply had no content; reply with a program",
    "too_long": "your reply was cut off at its longest, so nothing of it was executed; write less",
    "filtered": "the provider's content filter stopped your reply; write the program in other words",
    "refused": "you declined to reply with a program; reply with one, or with final(null)",
}
_FEW_TURNS = 3  # with so many left, or fewer, the prompt says so

ALWAYS = ("turns", "sub_calls")
TOLD = ("steps", "prompt_bytes", "output_tokens", "chunks", "search_work", "value_bytes", "tokens", "cost_nano")
"""Budgets that a prompt always states, and those that it states when half is used or the caller set the limit."""


class PromptRequest(msgspec.Struct, frozen=True):
    """What a controller is asked: the question, the JSON schema of its answer, and remarks about what it has done.

    `role` is the controller's, whose window the prompt must fit. `signal` is why it seems to be stuck. `remarks` stand
    below the observation of a turn, by its number. `last`: only `final` is permitted.
    """

    question: str
    form: str = ""
    role: str = CONTROLLER_ROLE
    signal: str = ""
    last: bool = False
    remarks: Mapping[int, str] = {}


def prompt(state: State, history: Sequence[Exchange], ask: PromptRequest) -> str:
    """The whole prompt. It is longer than `ceiling` only if the parts that cannot give way are."""
    action_card = card(state.run.table, state.settings.policy)
    # These three change least from turn to turn, so a provider's cache can keep them: they must come first.
    before = "\n\n".join([instructions().rstrip(), action_card, _inputs(state, history), *_facts(state, ask.role)])
    after = "\n\n".join([*_now(state), _question(state, ask)])

    # History gets what the other parts leave: they cannot give way.
    room = ceiling(state, ask.role) - len(before.encode()) - len(after.encode()) - len(_HISTORY) - _SEPARATORS
    turns = past(_before_this(history), {**_lost(state, history), **ask.remarks}, room)
    parts = [before]
    if turns:
        parts += [_HISTORY, *turns]
    parts.append(after)
    return "\n\n".join(parts) + "\n"


def _before_this(history: Sequence[Exchange]) -> list[Exchange]:
    """What the history tells: neither how the inputs begin nor the only question, which stand elsewhere.

    Nor what was added before the first question, which is among the inputs like any other.
    """
    questions = [exchange for exchange in history if exchange.question is not None]
    # By identity: a host may have run equal programs.
    told = [first_look(history), *(questions if len(questions) == 1 else ())]
    early = takewhile(lambda exchange: exchange.question is None, history)
    told += [exchange for exchange in early if exchange.addition is not None]
    elsewhere = {id(exchange) for exchange in told}
    return [exchange for exchange in history if id(exchange) not in elsewhere]


def _lost(state: State, history: Sequence[Exchange]) -> dict[int, str]:
    """What a controller is told of replies that were of no use, by their turns."""
    if PROMPTS_FIT not in state.run.flags:
        return {}
    return {exchange.turn: _LOST[exchange.lost] for exchange in history if exchange.lost}


def ceiling(state: State, role: str) -> int:
    """The most bytes that a prompt of this run may have for a controller."""
    return min(CEILING, state.settings.limits.call_prompt_bytes, _window_bytes(state, role) or CEILING)


def _window_bytes(state: State, role: str) -> int | None:
    """The bytes of a prompt that fits the window of a controller; `None` where that is not known."""
    controller = state.settings.roles.get(role)
    if controller is None or controller.longest_prompt is None or PROMPTS_FIT not in state.run.flags:
        return None
    return max(1, controller.longest_prompt)


_HISTORY = "# What was done so far"
_SEPARATORS = 8  # bytes of the blank lines around the history, and of the last newline


def _inputs(state: State, history: Sequence[Exchange]) -> str:
    """What the inputs are, and how they begin: what the host showed of them after the first question."""
    sizes = state.coverage_report()
    names = [name for name in state.variables if name in state.run.inputs]
    lines = ["# Inputs"]
    # A run may have no inputs. It is said, so that a controller does not look for them.
    if not names:
        lines.append("none")
    for name in names[:_VARIABLES]:
        size = sizes[name]["bytes"]
        lines.append(_input(name, state, size))
        lines += _notes_on_input(name, state)
    hidden = len(names) - _VARIABLES
    if hidden > 0:
        lines.append(f"- ... and {hidden:,} more")

    # The previews stand here and not in the history: here no later turn can push them out.
    look = first_look(history)
    if look is not None:
        lines += [step.text for step in look.steps if step.text]
    return "\n".join(lines)


def _input(name: str, state: State, size: int) -> str:
    variable = state.variables[name]
    if state.withheld(variable.data):
        return f"- {name}: {variable.kind}, {_WITHHELD}; a program may use it"
    if not state.describes(name):
        return f"- {name}: {variable.kind}, {_UNLOOKED}"
    title = _title(variable)
    # The title of documents is their number; how much there is to read must be said apart.
    if variable.kind == "documents":
        return f"- {name}: {title}, {size:,} bytes"
    return f"- {name}: {title}"


def _notes_on_input(name: str, state: State) -> list[str]:
    """What was left out of an input, or altered when it was read; fenced, since it names files."""
    if NULLS_ARE_SAID not in state.run.flags or not state.describes(name):
        return []
    source = state.run.sources[name]
    # Without the path, which says nothing to a controller.
    notes = [note.removeprefix(f"{name} ({source.path})").lstrip(": ") for note in source_notes(name, source)]
    if not notes:
        return []
    text, _ = fit_text("\n".join(notes), _READ_BYTES)
    return [fenced(text.encode(), f"reading {name}").decode()]


def _facts(state: State, controller: str) -> Iterator[str]:
    """What does not change, and a program is planned with: how much a model and an observation can take."""
    settings = state.settings
    lines = [f"- an observation has at most {settings.limits.observation_bytes:,} bytes for all that a program shows"]
    room = _window_bytes(state, controller)
    if room is not None and room < CEILING:
        lines.append(f"- your window has room for {room:,} bytes: older turns are shortened, then left out")
    for name, role in settings.roles.items():
        if name == SUB_ROLE:
            limits = _limits_of(role, settings.limits.call_prompt_bytes)
            lines.append(f"- a prompt of the role {name} {limits}")
        elif not is_of(name, CONTROLLER_ROLE) and not is_of(name, NESTED_ROLE) and PROMPTS_FIT in state.run.flags:
            lines.append(_other_role(name, role, settings.limits.call_prompt_bytes))
    if REQUIRE_EVIDENCE in settings.gates:
        lines.append("- final(...) needs evidence that is found in an input; without it the answer is only partial")
    yield "\n".join(["# Limits", *lines])


def _limits_of(role: Role, most: int) -> str:
    """How long a prompt and an answer of a role may be, of prompts of at most so many bytes."""
    # What does not fit the window is not sent, whatever the limit says.
    size = most if role.longest_prompt is None else min(most, role.longest_prompt)
    window = "" if role.window is None else f", its window {role.window:,}"
    return f"has at most {size:,} bytes, its answer {role.max_output_tokens:,} tokens{window}"


def _other_role(name: str, role: Role, most: int) -> str:
    """A role beyond `sub`, which a program names to ask it: its model, what it is for, what it can take.

    Those of controllers and of nested runs are asked by nobody's program. Of a model string only the model's own name:
    an address or a path is nobody's business.
    """
    model = re.split(r"[#:/]", role.model.rstrip(":/"))[-1] or role.model
    purpose = role.purpose or (_MENDS if name == REPAIR_ROLE else "")
    words = f", {purpose}" if purpose else ""
    return f'- role="{name}" ({model}{words}): a prompt {_limits_of(role, most)}'


def _title(variable: Variable) -> str:
    """The kind of a value and its size, in the unit of its kind."""
    value = variable.data.value
    match value:
        case Rows():
            return f"{len(value):,} {variable.kind} {{{list_names(value.columns)}}}"
        case Text():
            return f"text of {len(value):,} bytes"
        case str():
            return f"text of {len(value.encode()):,} bytes"
        case list() | dict():
            return f"{variable.kind} of {len(value):,}"
    return variable.kind


def _now(state: State) -> Iterator[str]:
    """The variables of programs, the notes, and what is left of the budgets."""
    names = [name for name in state.variables if name not in state.run.inputs]
    if names:
        lines = ["# Variables"]
        hidden = len(names) - _VARIABLES
        if hidden > 0:
            lines.append(f"- ... {hidden:,} older ones")
        for name in names[-_VARIABLES:]:
            lines.append(_variable(name, state))
        yield "\n".join(lines)
    if state.notes:
        notes = _notes(state.notes)
        yield "\n".join(["# Your notes", *notes])
    budgets = _budgets(state)
    yield "\n".join(["# Budgets left", *budgets])


def _variable(name: str, state: State) -> str:
    variable = state.variables[name]
    # Not even its size, which may follow from what the controller must not see.
    title = _WITHHELD if state.withheld(variable.data) else _title(variable)
    return f"- {name}: {title}, of turn {variable.turn}"


def _notes(notes: Sequence[str]) -> list[str]:
    """The newest notes that there is room for, oldest first."""
    newest_first: list[str] = []
    left = _NOTES_BYTES
    for place, note in enumerate(reversed(notes)):
        left -= len(note.encode()) + len("- \n")
        # The newest note is there in any case, cut if it must be.
        if left < 0 and newest_first:
            older = len(notes) - place
            newest_first.append(f"- ... {older:,} older ones")
            break
        shown, _ = fit_text(note, _NOTES_BYTES)
        newest_first.append(f"- {shown}")
    return newest_first[::-1]


def _budgets(state: State) -> Iterator[str]:
    """What is left of the budgets that matter now. Ten lines at each turn, most never near, would only distract."""
    limits = state.settings.limits
    defaults = type(limits)()
    for name in (*ALWAYS, *TOLD):
        limit = getattr(limits, name)
        if limit is None:
            continue
        left = max(0, state.left(name))
        is_half_used = 2 * left < limit
        told = f"{left:,} of {limit:,}" if state.tells_exactly(name) else tell_left(left, limit)
        is_set = limit != getattr(defaults, name)
        if name in ALWAYS or is_half_used or is_set:
            yield f"- {name}: {told}"


def _question(state: State, ask: PromptRequest) -> str:
    """The question, and the remarks of this turn. They come last, where models heed them most."""
    parts = [f"# Question\n{ask.question}"]
    # From here on by urgency: what the answer must be, what goes wrong, what the budgets still permit.
    if ask.form:
        parts.append(f"The value of final(...) must match this JSON schema:\n{ask.form}")
    if ask.signal:
        parts.append(f"! {ask.signal}")
    left = state.left("turns")
    if ask.last:
        parts.append("! This is the last turn. Only one statement is permitted: final(...), without calls of models.")
        parts.append("Answer with what you have, and say in the answer what is not known.")
    elif left <= _FEW_TURNS:
        number = left if state.tells_exactly("turns") else "few"
        parts.append(f"! Only {number} turns are left, including this one. Come to an answer.")
    return "\n\n".join(parts)
