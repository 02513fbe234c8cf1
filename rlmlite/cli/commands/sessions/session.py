"""`rlmlite session`: the kernel driven from a shell, one process for each step.

    rlmlite session new s.rlm app.log             no models, so every call is answered by hand
    rlmlite session exec s.rlm -e 'final(sub_lm("Is it urgent?"))'      exit code 10: calls wait
    rlmlite session pending s.rlm > calls.json    fill in the answers
    rlmlite session resume s.rlm calls.json       the program ends
    rlmlite session add s.rlm old=old.log --limit turns=60              one more input, and more turns

Each command opens the session, does one thing and closes it again. Between two commands everything is in the folder,
so several processes can work on one session in turns: a command waits some seconds for the one before it.
Not here: what they print (`session_view`), how answers are read (`answers`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import typer

from rlmlite.agent.sessions.reopening import FIXED_SETTINGS
from rlmlite.agent.sessions.session import Session
from rlmlite.cli.commands.sessions.answers import read_answers, result_of
from rlmlite.cli.commands.sessions.view import (
    print_added,
    print_end,
    print_new,
    print_session,
    print_waiting,
    session_document,
    waiting_calls,
)
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.live import watch_events
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.printing import print_json
from rlmlite.cli.settings.config import limit_flags
from rlmlite.cli.settings.inputs import load_inputs
from rlmlite.cli.settings.job import Job
from rlmlite.cli.settings.places import Places
from rlmlite.errors import CallsWaitingError, InputError, OutOfMemoryError, SettingError
from rlmlite.guard.terminal import harmless_json
from rlmlite.guard.trust.access import Access
from rlmlite.inputs import new_store
from rlmlite.inputs.names import name_paths
from rlmlite.runs.events import Tell
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.settings import Model, RunSettings, unheard
from rlmlite_traces import TraceSealedError


def new(path: Path, job: Job, *, as_json: bool) -> Exit:
    """`session new`: begin one over inputs."""
    return exit_code_of(lambda: _new(path, job, as_json), as_json=as_json)


def exec_(path: Path, job: Job, *, as_json: bool) -> Exit:
    """`session exec`: execute a program in it."""
    return exit_code_of(lambda: _step(path, job, lambda session: session.exec(job.program()), as_json), as_json=as_json)


def resume(path: Path, job: Job, answers: str | None, *, as_json: bool) -> Exit:
    """`session resume`: answer pending calls, and go on."""
    return exit_code_of(lambda: _resume(path, job, answers, as_json), as_json=as_json)


def pending(path: Path, places: Places) -> Exit:
    """`session pending`: the calls that wait, as JSON to fill in."""
    return exit_code_of(lambda: _pending(path, places), as_json=True)


def abandon(path: Path, places: Places, *, as_json: bool) -> Exit:
    """`session abandon`: give up what is left of the program under way."""
    return exit_code_of(lambda: _abandon(path, places, as_json), as_json=as_json)


def add(path: Path, job: Job, limits: list[str] | None, max_cost: str | None, *, as_json: bool) -> Exit:
    """`session add`: more inputs, and higher limits."""
    return exit_code_of(lambda: _add(path, job, limits, max_cost, as_json), as_json=as_json)


def show(path: Path, places: Places, *, as_json: bool) -> Exit:
    """`session show`: variables, notes, turns and budgets; of one that is sealed, what its trace says."""

    def work() -> Exit:
        try:
            return _show(path, places, as_json)
        except TraceSealedError:
            from rlmlite.cli.commands.traces.reading.show import show  # most sessions are open
            from rlmlite.cli.commands.traces.reading.story_lines import Details

            return show(path, [], Details(), records=False, as_json=as_json)

    return exit_code_of(work, as_json=as_json)


def seal(path: Path, places: Places, *, as_json: bool) -> Exit:
    """`session seal`: end it for good."""
    return exit_code_of(lambda: _seal(path, places, as_json), as_json=as_json)


def _new(path: Path, job: Job, as_json: bool) -> Exit:
    if path.exists():
        raise SettingError(f"{path} exists already; choose another name")
    with begin_session(path, job) as session:
        print_new(path, session, as_json=as_json)
    return Exit.COMPLETED


def _add(path: Path, job: Job, limits: list[str] | None, max_cost: str | None, as_json: bool) -> Exit:
    from rlmlite.agent.sessions.additions import limits_to_raise  # most commands do not add

    higher = limits_to_raise(limit_flags(limits or ()), max_cost)
    with open_session(path, job, makes_calls=False) as session:
        reading = session.run.setup.settings.reading
        names = name_paths(job.inputs, are_first=False)
        session.add_loaded(names, lambda blobs: load_inputs(job.inputs, blobs, reading, are_first=False), higher)
        print_added(session, as_json=as_json)
    return Exit.COMPLETED


def _resume(path: Path, job: Job, answers: str | None, as_json: bool) -> Exit:
    by_id = {} if answers is None else read_answers(answers)

    def resume_with_answers(session: Session) -> Outcome:
        if by_id:
            # What an answer means depends on who was asked. Of an id that nobody waits for, `answer` complains.
            kinds = {call.id: call.kind for call in session.pending()}
            results = {id_: result_of(answer, kinds.get(id_, "lm")) for id_, answer in by_id.items()}
            session.answer(results)
        return session.resume()

    return _step(path, job, resume_with_answers, as_json)


def _step(path: Path, job: Job, step: Callable[[Session], Outcome], as_json: bool) -> Exit:
    """Open a session, do something in it, and print what came of it or what it waits for."""
    with watch_events(quiet=as_json) as tell, open_session(path, job, tell) as session:
        try:
            outcome = step(session)
        except CallsWaitingError as error:
            return print_waiting(path, error.calls, as_json=as_json)
    return print_end(session, outcome, as_json=as_json)


def begin_session(path: Path, job: Job, tell: Tell = unheard) -> Session:
    """A new session."""
    settings = job.settings(on_event=tell, tell=log.warning)
    blobs = new_store(settings.reading, settings.copies)
    inputs = load_inputs(job.inputs, blobs, settings.reading)
    return Session.begin(path, inputs, blobs, settings)


LOCK_SECONDS = 5.0
"""Seconds that a command waits for another one that works on the same session."""

_OF_NEW_SESSIONS = (*FIXED_SETTINGS, "store", "trace")
"""Settings that a session has from its beginning on. Those of `rlmlite.toml` are for new sessions, not for this one."""

_MODELS: Mapping[str, object] = {"controller": (), "sub": None, "nested": (), "roles": {}}
"""Settings that name models. For a session that is there, those that are not flags only permit to call one."""


def open_session(path: Path, job: Job, tell: Tell = unheard, *, makes_calls: bool = True) -> Session:
    """The session at a path. Raises `InputError` if there is none, `SettingError` for what was fixed when it began."""
    _require_session(path)
    # For a new session a store is where copies go, which is a setting; for this one, where contents are found.
    flags = {name: value for name, value in job.flags.items() if name != "store"}
    store = job.flags.get("store")
    assert store is None or isinstance(store, Path)
    job = msgspec.structs.replace(job, flags=flags)
    settings = job.settings(_OF_NEW_SESSIONS, on_event=tell, tell=log.warning)
    models = frozenset(model for model in _models(settings) if isinstance(model, str))
    unset = {name: nothing for name, nothing in _MODELS.items() if name not in settings.explicit}
    access = Access(job.places.by_name(), store, models)
    settings = msgspec.structs.replace(settings, **unset)
    return Session.open(path, settings, access, makes_calls=makes_calls, lock_seconds=LOCK_SECONDS)


def open_to_look(path: Path, places: Places) -> Session:
    """The session at a path, for a command that makes no call. Raises `InputError` if there is none.

    It needs no settings, and must not fail for a bad settings file.
    """
    _require_session(path)
    access = Access(places.by_name(), places.store)
    return Session.open(path, RunSettings(), access, makes_calls=False, lock_seconds=LOCK_SECONDS)


def _models(settings: RunSettings) -> Iterator[Model]:
    yield from settings.controller
    yield from settings.nested
    if settings.sub is not None:
        yield settings.sub
    yield from (options.model for options in settings.roles.values() if options.model is not None)


def _require_session(path: Path) -> None:
    if not path.exists():
        raise InputError(f"there is no session {path}; begin one with `rlmlite session new {path} PATH...`")


def _pending(path: Path, places: Places) -> Exit:
    with open_to_look(path, places) as session:
        calls = waiting_calls(session, with_prompts=True)
    if calls is None:
        raise OutOfMemoryError(f"the process that looked for its calls died; see `rlmlite session abandon {path}`")
    # Indented and without the keys of other commands: people fill it in, and `resume` reads it.
    document = json.dumps({"calls": calls}, ensure_ascii=False, indent=2)
    typer.echo(harmless_json(document))
    return Exit.COMPLETED


def _show(path: Path, places: Places, as_json: bool) -> Exit:
    with open_to_look(path, places) as session:
        if as_json:
            print_json(**session_document(session))
        else:
            print_session(session)
    return Exit.COMPLETED


def _abandon(path: Path, places: Places, as_json: bool) -> Exit:
    with open_to_look(path, places) as session:
        print_end(session, session.abandon(), as_json=as_json)
    return Exit.COMPLETED


def _seal(path: Path, places: Places, as_json: bool) -> Exit:
    with open_to_look(path, places) as session:
        return print_end(session, session.seal(), as_json=as_json)
