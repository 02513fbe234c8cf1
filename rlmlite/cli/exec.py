"""`rlmlite exec`: run one program over inputs."""

import sys
from pathlib import Path

import msgspec
import structlog

from rlmlite.api import drive_turn
from rlmlite.cli.exits import STATUSES, Exit
from rlmlite.cli.faults import guarded
from rlmlite.cli.outcomes import outcome_document, print_outcome
from rlmlite.cli.printing import emit
from rlmlite.clients import Client, client
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import from_arguments, notes
from rlmlite.limits import limits, run_key
from rlmlite.naming import STDIN
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
    sub: str | None
    limits: tuple[str, ...]
    trace: Path | None
    run_key: str | None

    def program(self) -> str:
        """The program's text. Raises `InputError`."""
        if self.text is not None:
            return self.text
        if self.path is None:
            raise SettingError("no program; give its file first, or -e TEXT")
        if self.path == STDIN and STDIN in (argument.rpartition("=")[2] for argument in self.inputs):
            raise SettingError("standard input cannot be both the program and an input")
        return _read_program(self.path)


def run(job: Job, *, dry_run: bool, as_json: bool) -> Exit:
    """The command."""
    return guarded(lambda: _dry(job, as_json) if dry_run else _live(job, as_json), as_json=as_json)


def _live(job: Job, as_json: bool) -> Exit:
    text = job.program()
    said = read_program(text)
    options = _options(job)
    blobs = FileBlobs()
    inputs = taken(job.inputs, blobs)
    with Run(inputs, blobs, options) as run:
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

    blobs = FileBlobs()
    text = job.program()
    options = msgspec.structs.replace(_options(job), trace=False)
    with Run(taken(job.inputs, blobs), blobs, options) as run:
        return dry_run(text, run, as_json=as_json)


def taken(arguments: tuple[str, ...], blobs: FileBlobs) -> dict[str, Input]:
    """The inputs of the command line; what was left out or altered is said."""
    inputs = from_arguments(arguments, blobs)
    for name, found in inputs.items():
        for note in notes(name, found.source):
            log.warning(note)
    return inputs


def _options(job: Job) -> Options:
    players: dict[str, Client] = {} if job.sub is None else {"sub": client(job.sub)}
    return Options(run_key=run_key(job.run_key), clients=players, limits=limits(job.limits), trace=job.trace)


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
