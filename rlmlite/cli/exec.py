"""`rlmlite exec`: run one program over inputs."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from rlmlite.agent.front import Asking
from rlmlite.api import drive_turn
from rlmlite.approvals import TERMINAL
from rlmlite.cli.confirm import Confirm
from rlmlite.cli.exits import STATUSES, Exit
from rlmlite.cli.faults import guarded
from rlmlite.cli.outcomes import outcome_document, print_outcome
from rlmlite.cli.printing import emit
from rlmlite.cli.tools import loaded
from rlmlite.clients import Client, client
from rlmlite.config import Config, given_limits, given_prices, given_reading, load
from rlmlite.errors import InputError, SettingError
from rlmlite.events import Tell, unheard
from rlmlite.grants import granted, tell_of_unmet
from rlmlite.inputs import Reading, from_arguments, new_store, notes
from rlmlite.limits import run_key
from rlmlite.naming import STDIN
from rlmlite.permits import anything, check_prices
from rlmlite.prices import nano
from rlmlite.runner import Options, Run, one_program, read_program
from rlmlite_kernel.inputs import Input
from rlmlite_kernel.problems import explain
from rlmlite_traces import FileBlobs

log = structlog.get_logger()


class Job(msgspec.Struct, frozen=True):
    """What to run: the program as a text or a path, and everything else that the command line says of it."""

    text: str | None
    path: str | None
    inputs: tuple[str, ...]
    limits: tuple[str, ...]
    prices: tuple[str, ...]
    flags: Mapping[str, object]
    trace: Path | None
    run_key: str | None
    yes: bool
    controllers: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    def config(self) -> Config:
        """The settings of the file, the environment and the flags. Raises `SettingError`."""
        return load(
            limits=given_limits(self.limits),
            prices=given_prices(self.prices),
            read=given_reading(self.read),
            **self.flags,
        )

    def program(self) -> str:
        """The program's text. Raises `InputError`."""
        if self.text is not None:
            return self.text
        if self.path is None:
            raise SettingError("no program; give its file first, or -e TEXT")
        if self.path == STDIN and STDIN in (argument.rpartition("=")[2] for argument in self.inputs):
            raise SettingError("standard input cannot be both the program and an input")
        return _read_program(self.path)

    def blobs(self) -> FileBlobs:
        """What its inputs are read through. Raises `SettingError`, `StoreError`."""
        config = self.config()
        if self.flags.get("store") is not None and not config.copy_inputs:
            raise SettingError("--store says where copies go; add --copy")
        return new_store(config.reading(), config.copy_to)


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
    from rlmlite.cli.prices import dry_run

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


def asked(job: Job, tell: Tell = unheard) -> Asking:
    """The settings of a question or a session, of the file, the environment and the flags. Raises `SettingError`."""
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


def _read_program(path: str) -> str:
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        return content.decode()
    except FileNotFoundError:
        raise InputError(f"there is no program {path}; a program's text goes after -e") from None
    except UnicodeDecodeError as error:
        raise InputError(f"the program {path} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise InputError(f"the program {path} cannot be read: {error.strerror}") from None
