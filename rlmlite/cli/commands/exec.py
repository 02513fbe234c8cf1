"""`rlmlite exec`: run one program over inputs."""

from typing import TYPE_CHECKING

import msgspec

from rlmlite.cli.output.confirm import Confirm
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_outcome
from rlmlite.cli.output.printing import emit
from rlmlite.cli.settings.job import Job
from rlmlite.cli.settings.tools import loaded
from rlmlite.clients.interface.cost_permit import anything, check_prices
from rlmlite.clients.interface.prices import nano
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.registry import client
from rlmlite.inputs import Reading, from_arguments, new_store, notes
from rlmlite.runs.events import Tell, unheard
from rlmlite.runs.execute import drive_turn
from rlmlite.runs.log import run_key
from rlmlite.runs.run import Options, Run, one_program, read_program
from rlmlite.tools.approvals import TERMINAL
from rlmlite.tools.permissions import granted, tell_of_unmet
from rlmlite_kernel.program.problems import explain
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs

if TYPE_CHECKING:
    from rlmlite.agent.ask import Asking


def run(job: Job, *, dry_run: bool, as_json: bool) -> Exit:
    """The command."""
    return guarded(lambda: _dry(job, as_json) if dry_run else _live(job, as_json), as_json=as_json)


def _live(job: Job, as_json: bool) -> Exit:
    text = job.program()
    said = read_program(text)
    options = _options(job)
    reading = job.config().reading()
    blobs = job.blobs()
    inputs = taken(job.inputs, blobs, reading)
    with Run(inputs, blobs, options) as run:
        tell_of_unmet(run.state.settings, inputs, log.warning)
        log.info("begun", run=run.id, trace=run.log.path if run.log else None)
        try:
            outcome = drive_turn(run, one_program(run, said))
        except KeyboardInterrupt:
            log.warning("the trace up to here is valid, and open", trace=run.log.path if run.log else None)
            raise
    if outcome.problems:
        log.error("the program was refused\n" + explain(outcome.problems, text))
    if as_json:
        emit(**outcome_document(outcome, inputs))
    else:
        print_outcome(outcome, inputs, options.clients)
    return STATUSES[outcome.status]


def _dry(job: Job, as_json: bool) -> Exit:
    from rlmlite.cli.commands.dry_run import dry_run

    reading = job.config().reading()
    blobs = new_store(reading)
    text = job.program()
    options = msgspec.structs.replace(_options(job), trace=False)
    with Run(taken(job.inputs, blobs, reading), blobs, options) as run:
        return dry_run(text, run, as_json=as_json)


def taken(arguments: tuple[str, ...], blobs: FileBlobs, reading: Reading) -> dict[str, Input]:
    """The inputs of the command line; what was left out or altered is said."""
    inputs = from_arguments(arguments, blobs, reading)
    for name, found in inputs.items():
        for note in notes(name, found):
            log.warning(note)
    return inputs


def _options(job: Job) -> Options:
    config = job.config()
    config.use_threads()
    calling = config.calling(tell=log.warning)
    players: dict[str, Client] = {} if config.sub is None else {"sub": client(config.sub, calling)}
    limits = config.kernel_limits()
    check_prices(players, limits)
    above = None if job.yes or config.confirm_above is None else nano(config.confirm_above)
    given = granted(loaded(config.tools), config.policy, config.approve or TERMINAL, log.warning)
    return Options(
        run_key=run_key(job.run_key),
        clients=players,
        limits=limits,
        trace=job.trace,
        workers=config.workers,
        permit=anything if above is None else Confirm(above),
        scope=given.scope,
        policy=given.policy,
        outside=given.outside,
    )


def asked(job: Job, tell: Tell = unheard) -> "Asking":
    """The settings of a question or a session, of the file, the environment and the flags. Raises `SettingError`."""
    from rlmlite.agent.ask import Asking

    config = job.config()
    config.use_threads()
    limits = config.kernel_limits()
    above = None if job.yes or config.confirm_above is None else nano(config.confirm_above)
    found = Asking(
        limits=limits,
        run_key=job.run_key,
        on_event=tell,
        workers=config.workers,
        permit=anything if above is None else Confirm(above),
        calling=config.calling(tell=log.warning),
        tools=loaded(config.tools),
        policy=config.policy,
        approve=config.approve,
        reading=config.reading(),
    )
    controllers = list(job.controllers) or ([] if config.controller is None else [config.controller])
    if controllers:
        found["controller"] = controllers
    if config.sub is not None:
        found["sub"] = config.sub
    if config.nested:
        found["nested"] = config.nested
    return found
