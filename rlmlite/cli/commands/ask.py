"""`rlmlite ask`: a controller answers a question over inputs."""

from pathlib import Path

import msgspec

from rlmlite.agent.ask import ask_and_seal, prepare_agent
from rlmlite.agent.loop import check_question
from rlmlite.cli.commands.exec import drive_to_end
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.live import watch_events
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_answered
from rlmlite.cli.output.printing import print_json
from rlmlite.cli.settings.inputs import load_inputs
from rlmlite.cli.settings.job import Job
from rlmlite.errors import CallsWaitingError, SettingError
from rlmlite.inputs import new_store
from rlmlite.runs.run import begin_run
from rlmlite.tools.approvals import TERMINAL


def run(question: str, job: Job, session: Path | None, *, last_answer: bool, as_json: bool) -> Exit:
    """The command."""
    if session is None:
        return exit_code_of(lambda: _alone(question, job, last_answer, as_json), as_json=as_json)
    return exit_code_of(lambda: _in_session(question, job, session, as_json), as_json=as_json)


def _alone(question: str, job: Job, last_answer: bool, as_json: bool) -> Exit:
    if job.places.inputs:
        raise SettingError("--input says where an input of a session is now; give inputs as PATH or name=PATH")
    with watch_events(quiet=as_json) as tell:
        flag = None if last_answer else False  # a flag that was not given leaves the settings file its say
        settings = job.settings(last_answer=flag, on_event=tell, tell=log.warning)
        # Whoever asks is at the terminal and can approve calls. In a session calls wait instead.
        settings = msgspec.structs.replace(settings, approve=settings.approve or TERMINAL)
        agent, setup = prepare_agent(settings)
        blobs = new_store(settings.reading, settings.copies)
        inputs = load_inputs(job.inputs, blobs, settings.reading)
        check_question(question, inputs)
        with begin_run(inputs, blobs, setup.with_windows()) as run:
            outcome = drive_to_end(run, ask_and_seal(run, question, agent))
    if as_json:
        print_json(**outcome_document(outcome, inputs))
    else:
        print_answered(outcome, inputs, setup.clients)
    return STATUSES[outcome.status]


def _in_session(question: str, job: Job, path: Path, as_json: bool) -> Exit:
    from rlmlite.cli.commands.sessions.session import begin_session, open_session  # with the way back into a trace
    from rlmlite.cli.commands.sessions.view import print_end, print_waiting

    if job.flags.get("trace") is not None:
        raise SettingError("a session's trace is the session itself; leave out --trace")
    if path.exists() and job.inputs:
        raise SettingError(
            f"the session {path} exists already; its inputs cannot be changed (--input NAME=PATH says where one is now)"
        )
    if not path.exists() and job.places.inputs:
        raise SettingError(f"there is no session {path} yet; give its inputs as PATH or name=PATH, without --input")
    # One command for both, so that a script can ask its first question like all others.
    start = open_session if path.exists() else begin_session
    with watch_events(quiet=as_json) as tell, start(path, job, tell) as session:
        try:
            outcome = session.ask(question)
        except CallsWaitingError as error:
            return print_waiting(path, error.calls, as_json=as_json)
    return print_end(session, outcome, as_json=as_json)
