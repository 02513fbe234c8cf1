"""`rlmlite session`: the kernel driven from a shell, each call a process of its own.

A call that needs answers which no model gives prints how to get and answer them, and ends with the code `waiting`.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import typer

from rlmlite.agent.session import Session
from rlmlite.cli.commands.exec import load_inputs
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.live import watching
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_answer, print_observation, print_status
from rlmlite.cli.output.printing import emit, heading, indented, say
from rlmlite.cli.settings.job import Job
from rlmlite.errors import CallsWaitingError, InputError, SettingError
from rlmlite.inputs import new_store
from rlmlite.inputs.names import STDIN
from rlmlite.runs.events import Tell, unheard
from rlmlite.runs.history import Exchange, open_question
from rlmlite.runs.outcome import Outcome, budget_of
from rlmlite.runs.settings import RunSettings
from rlmlite.terminal import harmless_json, one_line
from rlmlite_kernel.effects.requests import EffectKind, Failed, Failure, Request, Result, render
from rlmlite_kernel.program.problems import explain


def new(path: Path, job: Job, *, as_json: bool) -> Exit:
    """`session new`: begin one over inputs."""
    return guarded(lambda: _new(path, job, as_json), as_json=as_json)


def exec_(path: Path, job: Job, *, as_json: bool) -> Exit:
    """`session exec`: execute a program in it."""
    return guarded(lambda: _on(path, job, lambda session: session.exec(job.program()), as_json), as_json=as_json)


def resume(path: Path, job: Job, answers: str | None, *, as_json: bool) -> Exit:
    """`session resume`: answer pending calls, and go on."""
    return guarded(lambda: _resume(path, job, answers, as_json), as_json=as_json)


def pending(path: Path) -> Exit:
    """`session pending`: the calls that wait, as JSON to fill in."""
    return guarded(lambda: _pending(path), as_json=True)


def show(path: Path, *, as_json: bool) -> Exit:
    """`session show`: variables, notes, turns and budgets."""
    return guarded(lambda: _show(path, as_json), as_json=as_json)


def seal(path: Path, *, as_json: bool) -> Exit:
    """`session seal`: end it for good."""
    return guarded(lambda: _seal(path, as_json), as_json=as_json)


def _new(path: Path, job: Job, as_json: bool) -> Exit:
    if path.exists():
        raise SettingError(f"{path} is there already; choose another name")
    with begin_session(path, job) as session:
        state, log = session.run.state, session.run.log
        roles = {name: role.model for name, role in state.settings.roles.items()}
        assert log is not None
        if as_json:
            emit(trace=str(path), root=log.root, run=session.run.id, roles=roles, variables=_variables(session))
        else:
            say(f"session: {path}")
            for name, model in roles.items():
                indented(f"{name}: {model}")
    return Exit.COMPLETED


def _resume(path: Path, job: Job, answers: str | None, as_json: bool) -> Exit:
    given = {} if answers is None else _answers(answers)

    def go_on(session: Session) -> Outcome:
        if given:
            kinds = {call.id: call.kind for call in session.pending()}
            session.answer({id_: _said(answer, kinds.get(id_, "lm")) for id_, answer in given.items()})
        return session.resume()

    return _on(path, job, go_on, as_json)


def _on(path: Path, job: Job, work: Callable[[Session], Outcome], as_json: bool) -> Exit:
    """Do something in a session, and print what came of it or what it waits for."""
    with watching(quiet=as_json) as tell, open_session(path, job, tell) as session:
        try:
            outcome = work(session)
        except CallsWaitingError as error:
            return wait_for_answers(path, error.calls, as_json=as_json)
    return finish(session, outcome, as_json=as_json)


def begin_session(path: Path, job: Job, tell: Tell = unheard) -> Session:
    """A new session."""
    settings = job.settings(on_event=tell, tell=log.warning)
    blobs = new_store(settings.reading, settings.copies)
    return Session.begin(path, load_inputs(job.inputs, blobs, settings.reading), blobs, settings)


_OF_NEW_SESSIONS = (
    "controller", "sub", "nested", "limits", "max_cost", "run_key", "policy", "scope", "trace",
    "copy_inputs", "store", "copy_to",
)  # fmt: skip
"""Settings that a session keeps from its beginning: those of the current folder are for new ones."""


def open_session(path: Path, job: Job | None = None, tell: Tell = unheard) -> Session:
    """The session at a path. Raises `InputError` if there is none, `SettingError` for what was fixed when it began."""
    if not path.exists():
        raise InputError(f"there is no session {path}; begin one with `rlmlite session new {path} PATH...`")
    settings = RunSettings() if job is None else job.settings(_OF_NEW_SESSIONS, on_event=tell, tell=log.warning)
    return Session.open(path, settings)


def finish(session: Session, outcome: Outcome, *, as_json: bool) -> Exit:
    """Print what came of a program or a question."""
    run = session.run
    if as_json:
        emit(**outcome_document(outcome, run.inputs))
    else:
        if outcome.problems:
            heading("the program was refused")
            indented(explain(outcome.problems, run.history[-1].program))
        print_observation(outcome)
        print_answer(outcome, run.inputs)
        print_status(outcome)
    return STATUSES[outcome.status]


def wait_for_answers(path: Path, calls: Sequence[Request], *, as_json: bool) -> Exit:
    """Say that calls wait, and how to answer them."""
    if as_json:
        emit(status="waiting", reason="calls", trace=str(path), calls=[_call(call, None) for call in calls])
        return Exit.WAITING
    say(f"waiting: {len(calls):,} calls need answers", "yellow")
    for call in calls[:_LISTED]:
        indented(f"{call.id} {_KINDS.get(call.kind, '')}{call.role}, {call.prompt_bytes:,} bytes of prompt")
    if len(calls) > _LISTED:
        indented(f"... and {len(calls) - _LISTED:,} more")
    say(f"see them with `rlmlite session pending {path}`, answer with `rlmlite session resume {path} ANSWERS.json`")
    return Exit.WAITING


_LISTED = 10
_KINDS = {"tool": "call of the tool ", "approve": "approval of "}


def _pending(path: Path) -> Exit:
    with open_session(path) as session:
        calls = [_call(call, session) for call in session.pending()]
    typer.echo(harmless_json(json.dumps({"calls": calls}, ensure_ascii=False, indent=2)))
    return Exit.COMPLETED


def _call(call: Request, session: Session | None) -> dict[str, Any]:
    """A call as somebody sees it who is to answer it."""
    found = {
        "id": call.id,
        "kind": call.kind,
        "role": call.role,
        "model": call.model,
        "max_output_tokens": call.max_output_tokens,
    }
    if session is not None:
        found["prompt"] = render(call.prompt, session.run.blobs)
    return found | {"answer": None}


def _answers(path: str) -> dict[str, Any]:
    """Answers by id: what `pending` printed with each `answer` filled in, or `{id: answer}`. Raises `InputError`."""
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        found = json.loads(content)
    except FileNotFoundError:
        raise InputError(f"there is no {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    calls = found.get("calls") if isinstance(found, dict) else None
    if isinstance(calls, list):
        return dict(_answered(path, call) for call in calls if _has_answer(call))
    if not isinstance(found, dict):
        raise InputError(f'{path}: expected {{"calls": [...]}} or answers by id')
    return {id_: answer for id_, answer in found.items() if answer is not None}


def _has_answer(call: Any) -> bool:
    return not isinstance(call, Mapping) or call.get("answer") is not None or "error" in call


def _answered(path: str, call: Any) -> tuple[str, Any]:
    if not isinstance(call, Mapping) or not isinstance(call.get("id"), str):
        raise InputError(f'{path}: a call is {{"id": ..., "answer": ...}}')
    error = call.get("error")
    if error is None:
        return call["id"], call["answer"]
    if error not in get_args(Failure):
        raise InputError(f"{path}: no error `{error}`; there are: {', '.join(get_args(Failure))}")
    return call["id"], Failed(error)


def _said(answer: Any, kind: EffectKind) -> str | Result:
    """An answer as who was asked would have said it: a model's text as it is, a tool's value as JSON, true or false."""
    if isinstance(answer, Failed):
        return answer
    if kind == "approve" and isinstance(answer, bool):
        return json.dumps({"approved": answer})
    as_it_is = isinstance(answer, str) and kind != "tool"
    return answer if as_it_is else json.dumps(answer, ensure_ascii=False)


def _show(path: Path, as_json: bool) -> Exit:
    with open_session(path) as session:
        run = session.run
        question = open_question(run.history)
        calls = session.pending()
        if as_json:
            emit(
                trace=str(path),
                root=None if run.log is None else run.log.root,
                question=question,
                variables=_variables(session),
                notes=list(run.state.notes),
                turns=[_turn(exchange) for exchange in run.history],
                calls=[_call(call, None) for call in calls],
                coverage=run.state.coverage_report(),
                usage=run.usage,
                budget=budget_of(run.state),
            )
            return Exit.COMPLETED
        _print(session, question, len(calls))
    return Exit.COMPLETED


def _print(session: Session, question: str | None, calls: int) -> None:
    run = session.run
    heading("variables")
    for found in _variables(session):
        indented(f"{found['name']}: {found['kind']}, {found['bytes']:,} bytes, turn {found['turn']}")
    for title, lines in (("notes", run.state.notes), ("turns", [_brief(exchange) for exchange in run.history])):
        if lines:
            heading(title)
            for line in lines:
                indented(line)
    if question is not None:
        say(f"open question: {question}")
    if run.unfinished is not None or calls:
        say(f"under way: {calls:,} calls wait; go on with `rlmlite session resume {session.path}`")
    say(f"turns left: {run.state.left('turns'):,}")


def _brief(exchange: Exchange) -> str:
    who = exchange.role or exchange.origin
    return f"{exchange.turn} {who}: {one_line(exchange.program, 100)}"


def _turn(exchange: Exchange) -> dict[str, Any]:
    names = ("turn", "origin", "role", "program", "observation")
    return {name: getattr(exchange, name) for name in names}


def _variables(session: Session) -> list[dict[str, Any]]:
    state = session.run.state
    sizes = state.coverage_report()
    return [
        {
            "name": name,
            "kind": variable.kind,
            "bytes": sizes[name]["bytes"] if name in sizes else variable.size,
            "turn": variable.turn,
        }
        for name, variable in state.variables.items()
    ]


def _seal(path: Path, as_json: bool) -> Exit:
    with open_session(path) as session:
        return finish(session, session.seal(), as_json=as_json)
