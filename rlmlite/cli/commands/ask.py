"""`rlmlite ask`: a controller answers a question over inputs."""

from pathlib import Path

from rlmlite.agent.ask import agent_of, options_of, to_the_end
from rlmlite.agent.loop import check_question
from rlmlite.cli.commands.exec import asked, taken
from rlmlite.cli.commands.session import begun, finished, opened, waiting
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.live import watching
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_answered
from rlmlite.cli.output.printing import emit
from rlmlite.cli.settings.job import Job
from rlmlite.errors import CallsWaitingError, SettingError
from rlmlite.runs.execute import drive_turn
from rlmlite.runs.run import Run
from rlmlite.tools.approvals import TERMINAL
from rlmlite.tools.permissions import tell_of_unmet


def run(question: str, job: Job, session: Path | None, *, last_answer: bool, as_json: bool) -> Exit:
    """The command."""
    if session is None:
        return guarded(lambda: _alone(question, job, last_answer, as_json), as_json=as_json)
    return guarded(lambda: _in_session(question, job, session, as_json), as_json=as_json)


def _alone(question: str, job: Job, last_answer: bool, as_json: bool) -> Exit:
    with watching(quiet=as_json) as tell:
        settings = asked(job, tell)
        settings["trace"], settings["last_answer"] = job.trace, last_answer
        settings["approve"] = settings["approve"] or TERMINAL  # in a session such calls wait instead
        agent = agent_of(settings)
        options = options_of(settings, agent)
        blobs = job.blobs()
        inputs = taken(job.inputs, blobs, settings["reading"])
        check_question(question, inputs)
        with Run(inputs, blobs, options) as run:
            tell_of_unmet(run.state.settings, inputs, log.warning)
            log.info("begun", run=run.id, trace=run.log.path if run.log else None)
            try:
                outcome = drive_turn(run, to_the_end(run, question, agent))
            except KeyboardInterrupt:
                log.warning("the trace up to here is valid, and open", trace=run.log.path if run.log else None)
                raise
    if as_json:
        emit(**outcome_document(outcome, inputs))
    else:
        print_answered(outcome, inputs, options.clients)
    return STATUSES[outcome.status]


def _in_session(question: str, job: Job, path: Path, as_json: bool) -> Exit:
    if job.trace is not None:
        raise SettingError("a session's trace is the session itself; leave out --trace")
    if path.exists() and job.inputs:
        raise SettingError(f"the session {path} is there already; its inputs cannot be changed")
    with watching(quiet=as_json) as tell, opened(path, job, tell) if path.exists() else begun(path, job, tell) as found:
        try:
            outcome = found.ask(question)
        except CallsWaitingError as error:
            return waiting(path, error.calls, as_json=as_json)
    return finished(found, outcome, as_json=as_json)
