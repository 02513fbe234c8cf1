"""Nested runs: a question of a program's own, answered by an agent of its own over parts of its parent's values.

The kernel has fixed everything that a nested run may have and may cost; here it is made. Its trace lies in its
parent's folder, under the call's id, so a process that was killed goes on with it, or finds its answer.
"""

import hashlib
import hmac
from collections import Counter
from pathlib import Path

import msgspec

from rlmlite.agent.loop import Agent, ask, check_question, go_on
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import from_value
from rlmlite.runs.driver import Calls, drive_turn_async
from rlmlite.runs.events import Nested
from rlmlite.runs.history import open_question
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.reopen import reopen, usage_in
from rlmlite.runs.run import Run
from rlmlite.runs.setup import Setup
from rlmlite_kernel.actions.calls.nested_settings import charges_to_parent, nested_roles
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result, Usage, render
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.records import Child, Seal, Step, Turn
from rlmlite_kernel.run.machine import SettingsError
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Text, Value, documents, plain
from rlmlite_traces import CheckedTrace, Level, nested_place, verify


async def nested_run(parent: Run, request: Request) -> Result:
    """The answer of the nested run that a request asks for: begun here, gone on with, or read if it is over already."""
    place = None if parent.log is None else nested_place(parent.log.path, request.id)
    question = render(request.prompt, parent.blobs)
    if place is not None and place.exists():
        trace = verify(place)
        if trace.level is Level.SEALED:
            return _recorded_result(trace)
    try:
        child = _child(parent, request, place, question)
    except (InputError, SettingError, SettingsError) as error:
        return Failed("refused", NO_USE, str(error))
    with child:
        return _result(child, await drive_turn_async(child, _answer_and_seal(child, question)))


def _child(parent: Run, request: Request, place: Path | None, question: str) -> Run:
    """The nested run, at its beginning or where it was stopped."""
    assert request.nested is not None
    setup = _setup(parent, request, place)
    if place is not None and place.exists():
        past = reopen(place)
        return Run(past.inputs, past.blobs, setup, past)
    inputs = {name: _input(value, parent) for name, value in request.nested.inputs.items()}
    check_question(question, inputs)
    return Run(inputs, parent.blobs, setup)


def _setup(parent: Run, request: Request, place: Path | None) -> Setup:
    """The parent's, with a key and a trace of its own, and with the clients one level further down.

    The key follows from the parent's and the call, so the same call of the same run is the same nested run.
    """
    ours = parent.setup
    key = ours.run_key if parent.log is None else parent.log.run_key
    settings = msgspec.structs.replace(
        ours.settings,
        trace=place if place is not None else False,
        on_event=lambda event: parent.tell(Nested(request.id, event)),
    )
    return msgspec.structs.replace(
        ours,
        settings=settings,
        run_key=hmac.digest(key, request.id.encode(), hashlib.sha256),
        clients={role: ours.clients[source] for role, source in nested_roles(ours.clients).items()},
        parent=request,
    )


def _answer_and_seal(child: Run, question: str) -> Calls[Outcome]:
    """Go on with what was stopped, answer the question, end the run."""
    if child.unfinished is not None:
        yield from child.go_on()
    is_asked = open_question(child.history) is not None
    end = yield from (go_on(child, Agent()) if is_asked else ask(child, question, Agent()))
    return child.outcome(child.seal(end.status, end.reason))


def _result(child: Run, outcome: Outcome) -> Result:
    spent = outcome.usage
    usage = Usage(spent["input_tokens"], spent["output_tokens"], spent["cost_nano"])
    made = Child(outcome.root or "", outcome.status, outcome.reason, charges_to_parent(child.state.used))
    if child.state.answer is None:
        return Failed("no_answer", usage, "", made)
    return Answered(value_bytes(child.state.answer.value).decode(), usage, child=made)


def _input(value: Value, parent: Run) -> Input:
    """A value as an input: content of a file stays where it is, all else is kept in the nested run's trace."""
    files = {
        file.digest: (given.source, file)
        for given in parent.inputs.values()
        if given.memory is None
        for file in given.source.files
    }
    if isinstance(value, Text) and value.blob in files:
        source, file = files[value.blob]
        part = None if (value.start, value.stop) == (0, file.size) else (value.start, value.stop)
        return Input(value, msgspec.structs.replace(source, kind="text", files=(file,), skipped=(), part=part))
    if isinstance(value, Rows) and value.kind == DOCUMENTS:
        return _documents(value, files, parent)
    return from_value(plain(value, parent.blobs), parent.blobs)


def _documents(value: Rows, files: dict[str, tuple[Source, SourceFile]], parent: Run) -> Input:
    """Documents that are whole files by reference, else as they are."""
    spans = value.spans
    assert spans is not None
    found = [files.get(spans.blob_at(row)) for row in range(len(value))]
    known = [place for place in found if place is not None]
    sources = {id(source): source for source, _ in known}
    whole = [(0, file.size) for _, file in known] == list(zip(spans.starts.tolist(), spans.stops.tolist(), strict=True))
    if not whole or len(known) < len(found) or len(sources) != 1:
        rows = value.values(parent.blobs)
        return from_value({row["path"]: plain(row["text"], parent.blobs) for row in rows}, parent.blobs)  # type: ignore[index,call-overload]
    listed = tuple(file for _, file in known)
    again = documents((file.path, file.digest, file.size) for file in listed)
    source = known[0][0]
    return Input(again, msgspec.structs.replace(source, kind=DOCUMENTS, files=listed, skipped=()))


def _recorded_result(trace: CheckedTrace) -> Result:
    """The answer of a nested run that was over before this process began."""
    sealed = trace.records[-1]
    assert isinstance(sealed, Seal)
    spent = usage_in(trace, trace.size).report()
    usage = Usage(spent["input_tokens"], spent["output_tokens"], spent["cost_nano"])
    used: Counter[str] = Counter()
    for record in trace.records:
        if isinstance(record, Turn | Step):
            used.update(record.used)
    made = Child(trace.root, sealed.outcome, sealed.reason, charges_to_parent(used))
    if sealed.result is None:
        return Failed("no_answer", usage, "", made)
    value = msgspec.json.decode(trace.content(sealed.result))["value"]
    return Answered(value_bytes(value).decode(), usage, child=made)
