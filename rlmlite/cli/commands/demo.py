"""`rlmlite demo`: two questions over the standard library's sources, answered, verified and replayed. No network."""

import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite.cli.commands.traces.replaying.replay import EXITS, print_replay
from rlmlite.cli.demo import QUESTIONS, DemoQuestion
from rlmlite.cli.output.exits import STATUSES, Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.logs import log
from rlmlite.cli.output.outcomes import outcome_document, print_answer, print_facts
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.clients.extractive.client import NOTICE
from rlmlite.errors import InputError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.inputs import deriving, from_listing, notes
from rlmlite.inputs.folders.listing import NOT_CHOSEN, NOT_ENTERED, Listing, list_folder
from rlmlite.runs.driver import drive_turn
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.program import read_program, run_program
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Level, Replayed, replay, verify

_FOREIGN = dict.fromkeys(("site-packages", "dist-packages"), NOT_CHOSEN[1])


class Demonstration(msgspec.Struct, frozen=True):
    """A question, its outcome, and what the replay of its trace found."""

    question: DemoQuestion
    outcome: Outcome
    replayed: Replayed

    @property
    def exit(self) -> Exit:
        """The worse of the run's and the replay's."""
        return STATUSES[self.outcome.status] or EXITS[self.replayed.verdict]


def run(path: Path | None, *, as_json: bool) -> Exit:
    """The command."""
    return exit_code_of(lambda: _run(path, as_json), as_json=as_json)


def _run(path: Path | None, as_json: bool) -> Exit:
    blobs = FileBlobs()
    inputs = _sources(path, blobs)
    if not as_json:
        source = inputs["context"].source
        count = len(source.files)
        size = sum(file.size for file in source.files)
        say(f"input `context`: {count:,} files, {size:,} bytes, of {source.path}")
    # With --json one object is printed at the end, so the questions themselves print nothing.
    answers = [_demonstrate(question, inputs, blobs, as_json) for question in QUESTIONS]
    if as_json:
        _emit(answers, inputs)
    return max(answer.exit for answer in answers)


def _demonstrate(question: DemoQuestion, inputs: Mapping[str, Input], blobs: FileBlobs, quiet: bool) -> Demonstration:
    program = question.program()
    if not quiet:
        say()
        print_heading(f"question: {question.text}")
        print_heading("program")
        print_indented(program.rstrip())
    # Not the settings file, nor the environment: the demo is to give the same answers everywhere.
    settings = make_settings({"sub": question.sub})
    with Run(inputs, blobs, prepare(settings)) as run:
        calls = run_program(run, read_program(program))
        outcome = drive_turn(run, calls)
    if not quiet:
        _print_answer(outcome, inputs, question)
    assert outcome.trace is not None  # a run has one unless its settings say `trace=False`
    # From the folder and the root, as somebody would check it who was sent both.
    checked = verify(outcome.trace, outcome.root, Level.SEALED)
    replayed = replay(checked, derive=deriving(), parser=CODE_PARSER, recorded_paths=True, controller_check=Recheck())
    if not quiet:
        say(f"verified: {checked.level.name}, {checked.size:,} records with this root", "green")
        print_replay(replayed)
    return Demonstration(question, outcome, replayed)


def _print_answer(outcome: Outcome, inputs: Mapping[str, Input], question: DemoQuestion) -> None:
    if outcome.status != "completed":
        print_indented(outcome.observation)
    print_answer(outcome, inputs)
    if question.sub is not None:
        say(f"note: {NOTICE}")
    print_facts(outcome)


def _sources(path: Path | None, blobs: FileBlobs) -> dict[str, Input]:
    """Every `*.py` below the folder, without installed packages. What was left out is said."""
    root = str(path) if path is not None else sysconfig.get_path("stdlib")
    try:
        listing = list_folder(root, {**NOT_ENTERED, **_FOREIGN})
    except OSError as error:
        raise InputError(f"{root} cannot be read: {error.strerror}") from None
    source = from_listing(root, _python(listing), blobs)
    for note in notes("context", source):
        log.warning(note)
    return {"context": source}


def _python(listing: Listing) -> Listing:
    paths = tuple(path for path in listing.paths if path.endswith(".py"))
    others = [(path, NOT_CHOSEN[0]) for path in listing.paths if not path.endswith(".py")]
    # Sorted, because what was skipped is recorded, and must not depend on the order of a folder.
    skipped = tuple(sorted((*listing.skipped, *others)))
    return Listing(listing.root, paths, skipped)


def _emit(answers: list[Demonstration], inputs: Mapping[str, Input]) -> None:
    documents: list[dict[str, Any]] = []
    for answer in answers:
        document = outcome_document(answer.outcome, inputs)
        document["question"] = answer.question.text
        document["program"] = answer.question.program()
        document["verified"] = "SEALED"  # else `verify` had raised
        document["replay"] = answer.replayed.verdict.value
        documents.append(document)
    worst = max(answers, key=lambda answer: answer.exit)
    print_json(
        value=[document["value"] for document in documents],
        status=worst.outcome.status,
        answers=documents,
        **{key: [document[key] for document in documents] for key in _PER_ANSWER},
    )


_PER_ANSWER = ("evidence", "coverage", "usage", "budget", "trace", "root")
