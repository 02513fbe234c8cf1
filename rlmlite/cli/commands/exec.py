"""`rlmlite exec`: run one program over inputs."""

import msgspec

from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_outcome
from rlmlite.cli.output.printing import print_json
from rlmlite.cli.settings.inputs import load_inputs
from rlmlite.cli.settings.job import Job
from rlmlite.clients.interface.keys import without_keys
from rlmlite.inputs import new_store
from rlmlite.runs.driver import FanOuts, drive_turn
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.program import may_ask_models, read_program, run_program
from rlmlite.runs.run import Run, begin_run
from rlmlite.runs.settings import RunSettings
from rlmlite.runs.setup import prepare
from rlmlite.tools.approvals import TERMINAL
from rlmlite_kernel.program.problems import explain


def run(job: Job, *, dry_run: bool, as_json: bool) -> Exit:
    """The command."""
    return exit_code_of(lambda: _dry(job, as_json) if dry_run else _live(job, as_json), as_json=as_json)


def _live(job: Job, as_json: bool) -> Exit:
    text = job.program()
    said = read_program(text)
    settings = _settings(job)
    # Before the inputs, which may take long to load: what is wrong with the settings is said at once.
    setup = prepare(settings)
    blobs = new_store(settings.reading, settings.copies)
    inputs = load_inputs(job.inputs, blobs, settings.reading)
    setup = msgspec.structs.replace(setup, asks_models=may_ask_models(said))
    with begin_run(inputs, blobs, setup.with_windows()) as run:
        outcome = drive_to_end(run, run_program(run, said))
    if outcome.problems:
        log.error("the program was refused\n" + explain(outcome.problems, text))
    if as_json:
        print_json(**outcome_document(outcome, inputs))
    else:
        print_outcome(outcome, inputs, setup.clients)
    return STATUSES[outcome.status]


def _dry(job: Job, as_json: bool) -> Exit:
    from rlmlite.cli.commands.dry_run import dry_run

    text = job.program()
    # Nothing is left behind: no trace, and no copies in the store.
    settings = msgspec.structs.replace(_settings(job), trace=False)
    # No prompt is sent either, and no key: a price is known, or not, without them. A server may be asked for a window.
    with without_keys():
        setup = prepare(settings)
    blobs = new_store(settings.reading)
    inputs = load_inputs(job.inputs, blobs, settings.reading)
    with Run(inputs, blobs, setup.with_windows()) as run:
        return dry_run(text, run, as_json=as_json)


def _settings(job: Job) -> RunSettings:
    """The settings of a program: nobody controls it, and whoever runs it is there to approve calls."""
    settings = job.settings(flags_only=("controller", "nested"), tell=log.warning)
    return msgspec.structs.replace(settings, last_answer=False, approve=settings.approve or TERMINAL)


def drive_to_end(run: Run, calls: FanOuts[Outcome]) -> Outcome:
    """The outcome of a run; one that is interrupted says what is left of it."""
    trace = None if run.log is None else run.log.path
    log.info("begun", run=run.id, trace=trace)
    try:
        return drive_turn(run, calls)
    except KeyboardInterrupt:
        log.warning("the trace up to here is valid, and open", trace=trace)
        raise
