"""What the session commands print: a session as it stands, the calls that wait, the outcome of a program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.agent.sessions.session import Session
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.outcomes import (
    outcome_document,
    print_answer,
    print_observation,
    print_remarks,
    print_status,
)
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.guard.memory.attempts import survivors_result
from rlmlite.guard.terminal import one_line
from rlmlite.runs.history import Exchange, open_question
from rlmlite.runs.outcome import Outcome
from rlmlite_kernel.effects.requests import Request, render
from rlmlite_kernel.program.problems import explain

_CALLS_LISTED = 10  # the JSON document has all
_CALL_NAMES = {"tool": "call of the tool ", "approve": "approval of "}


def print_new(path: Path, session: Session, *, as_json: bool) -> None:
    """A session that has just begun."""
    run = session.run
    roles = {name: role.model for name, role in run.state.settings.roles.items()}
    assert run.log is not None  # a session has a trace
    if as_json:
        print_json(trace=str(path), root=run.log.root, run=run.id, roles=roles, variables=_variables(session))
        return
    say(f"session: {path}")
    for name, model in roles.items():
        print_indented(f"{name}: {model}")


def print_added(session: Session, *, as_json: bool) -> None:
    """What was just added to a session: the inputs, and the limits that are higher now."""
    run = session.run
    addition = run.history[-1].addition
    assert addition is not None
    variables = [variable for variable in _variables(session) if variable["name"] in addition.inputs]
    if as_json:
        root = None if run.log is None else run.log.root
        print_json(trace=str(session.path), root=root, variables=variables, limits=addition.limits)
        return
    for variable in variables:
        print_indented(f"{variable['name']}: {variable['kind']}, {variable['bytes']:,} bytes")
    for name, amount in addition.limits.items():
        print_indented(f"limit {name}: {'none' if amount is None else f'{amount:,}'}")


def print_session(session: Session) -> None:
    """Variables, notes, turns, and what waits, as lines."""
    run = session.run
    print_heading("variables")
    for variable in _variables(session):
        name, kind = variable["name"], variable["kind"]
        print_indented(f"{name}: {kind}, {variable['bytes']:,} bytes, turn {variable['turn']}")
    _print_lines("notes", run.state.notes)
    _print_lines("turns", [_turn_line(exchange) for exchange in run.history])
    question = open_question(run.history)
    calls = waiting_calls(session)
    if question is not None:
        say(f"open question: {question}")
    # Both: a turn that a kill stopped waits for nobody, and a question may wait for its controller between two turns.
    if calls is None:
        say("under way: a program that the process which looked for its calls did not survive;", "yellow")
        say(f"give it up with `rlmlite session abandon {session.path}`", "yellow")
    elif run.unfinished is not None or calls:
        say(f"under way: {len(calls):,} calls wait; go on with `rlmlite session resume {session.path}`")
    say(f"turns left: {run.state.left('turns'):,}")


def _print_lines(title: str, lines: Sequence[str]) -> None:
    """Print lines below a heading; nothing at all if there are none."""
    if lines:
        print_heading(title)
    for line in lines:
        print_indented(line)


def session_document(session: Session) -> dict[str, Any]:
    """The same as one JSON object."""
    run = session.run
    # Questions and additions are exchanges without a turn; in the document each kind is a list of its own.
    questions = [exchange.question for exchange in run.history if exchange.question is not None]
    turns = [exchange for exchange in run.history if exchange.is_turn]
    additions = [exchange.addition for exchange in run.history if exchange.addition is not None]
    return {
        "trace": str(session.path),
        "root": None if run.log is None else run.log.root,
        "question": open_question(run.history),
        "variables": _variables(session),
        "notes": list(run.state.notes),
        "questions": questions,
        "additions": msgspec.to_builtins(additions),
        "turns": [_turn_document(turn) for turn in turns],
        "calls": waiting_calls(session),
        "coverage": run.state.coverage_report(),
        "usage": run.usage,
        "budget": run.budget,
    }


def print_end(session: Session, outcome: Outcome, *, as_json: bool) -> Exit:
    """The outcome of a program or a question."""
    run = session.run
    if as_json:
        print_json(**outcome_document(outcome, run.inputs))
        return STATUSES[outcome.status]
    if outcome.problems:
        print_heading("the program was refused")
        print_indented(explain(outcome.problems, run.history[-1].program))
    print_observation(outcome)
    print_answer(outcome, run.inputs)
    print_remarks(outcome)
    print_status(outcome)
    return STATUSES[outcome.status]


def print_waiting(path: Path, calls: Sequence[Request], *, as_json: bool) -> Exit:
    """That calls wait, and how to answer them."""
    if as_json:
        documents = [call_document(call) for call in calls]
        print_json(status="waiting", reason="calls", trace=str(path), calls=documents)
        return Exit.WAITING
    say(f"waiting: {len(calls):,} calls need answers", "yellow")
    for call in calls[:_CALLS_LISTED]:
        kind = _CALL_NAMES.get(call.kind, "")  # of a model's call, the role says enough
        print_indented(f"{call.id} {kind}{call.role}, {call.prompt_bytes:,} bytes of prompt")
    hidden = len(calls) - _CALLS_LISTED
    if hidden > 0:
        print_indented(f"... and {hidden:,} more")
    say(f"see them with `rlmlite session pending {path}`, answer with `rlmlite session resume {path} ANSWERS.json`")
    return Exit.WAITING


def waiting_calls(session: Session, *, with_prompts: bool = False) -> list[dict[str, Any]] | None:
    """The calls that a session waits for, as documents; `None` if nobody can survive to find out.

    To know which calls a program needs, what is left of it is executed, in a copy of this process: it may be that very
    program which ended the last one.
    """

    def list_calls() -> bytes:
        shown = session if with_prompts else None
        return msgspec.json.encode([call_document(call, shown) for call in session.pending()])

    content = list_calls() if session.run.unfinished is None else survivors_result(list_calls)
    return None if content is None else msgspec.json.decode(content, type=list[dict[str, Any]])


def call_document(call: Request, session: Session | None = None) -> dict[str, Any]:
    """A call for whoever is to answer it; with the session, its prompt as well."""
    document = {
        "id": call.id,
        "kind": call.kind,
        "role": call.role,
        "model": call.model,
        "max_output_tokens": call.max_output_tokens,
    }
    if session is not None:
        document["prompt"] = render(call.prompt, session.run.blobs)
    return document | {"answer": None}


def _turn_line(exchange: Exchange) -> str:
    if exchange.question is not None:
        return f"question: {one_line(exchange.question, 100)}"
    if exchange.addition is not None:
        limits = [f"{name}={amount}" for name, amount in exchange.addition.limits.items()]
        return f"added: {', '.join((*exchange.addition.inputs, *limits))}"
    who = exchange.role or exchange.origin
    return f"{exchange.turn} {who}: {one_line(exchange.program, 100)}"


def _turn_document(exchange: Exchange) -> dict[str, Any]:
    names = ("turn", "origin", "role", "program", "observation")
    return {name: getattr(exchange, name) for name in names}


def _variables(session: Session) -> list[dict[str, Any]]:
    state = session.run.state
    inputs = state.coverage_report()
    documents: list[dict[str, Any]] = []
    for name, variable in state.variables.items():
        # An input's size is that of its content. `variable.size` is that of the value: a reference to the content.
        size = inputs[name]["bytes"] if name in inputs else variable.size
        documents.append({"name": name, "kind": variable.kind, "bytes": size, "turn": variable.turn})
    return documents
