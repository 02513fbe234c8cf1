"""Nested runs: a question of a program's own, answered by an agent of its own over parts of its parent's values.

The kernel has fixed what a nested run may see and what it may spend before it asks for it. Here it is only made. Its
allowance is a share of what the parent has left, reserved whole while it runs:

    the parent has 20 turns and 400 calls left
    sub_rlm("What failed?", context=errors, share=0.5)
        the nested run begins with limits of 10 turns and 200 calls; the parent can use the rest meanwhile
        it ends after 3 turns and 20 calls: those are charged to the parent, 7 turns and 180 calls come back

So a tree of runs, however deep, can never spend more than the limits of the run at its root.

The trace of a nested run lies in its parent's folder, under the id of the call. Its key follows from the parent's, so
the same call of the same run has the same trace. A process that is killed meanwhile finds the folder when it goes on:
sealed, and its answer is read from there; open, and the nested run goes on too.
"""

import hashlib
import hmac
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from rlmlite.agent.loop import Agent, ask, check_question, go_on
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import from_value
from rlmlite.inputs.names import check_name
from rlmlite.inputs.refetch import sources_of
from rlmlite.runs.driver import FanOuts, drive_turn_async
from rlmlite.runs.events import Nested
from rlmlite.runs.history import open_question
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Run
from rlmlite.runs.setup import Setup
from rlmlite_kernel.actions.calls.nested_settings import charges_to_parent, nested_roles
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result, Usage
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import GUARDS
from rlmlite_kernel.records.records import Child, Seal, Step, Turn
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.holding.standing import findings, standing
from rlmlite_kernel.run.steps.remarks import record_remarks, without_examples
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.tables.places import forget_places
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Text, Value, documents, to_json
from rlmlite_traces import CheckedTrace, Level, TraceBrokenError, nested_place, verify
from rlmlite_traces.format.lines import RECORDS

if TYPE_CHECKING:
    from rlmlite_kernel.values.tables.excerpts import Excerpts


async def nested_run(parent: Run, request: Request) -> Result:
    """The answer of the nested run that a request asks for: begun here, gone on with, or read if it is over already."""
    place = None if parent.log is None else nested_place(parent.log.path, request.id)
    question = request.text
    # The parent was stopped while this call was out. Its answer is there, or a run to go on with.
    if place is not None and place.exists():
        # Verified like the trace of a stranger: its answer gets into the parent's records.
        trace = verify(place)
        _check_is_answer(trace, request, parent)
        if trace.level is Level.SEALED:
            return _recorded_result(trace)
    try:
        child = _child(parent, request, place, question)
    except (InputError, SettingError, SettingsError) as error:
        # A nested run that cannot begin is a mistake of the program that asked for it, and not of the host.
        return Failed("refused", NO_USE, str(error))
    with child:
        outcome = await drive_turn_async(child, _answer_and_seal(child, question))
        return _result(child, outcome)


def _child(parent: Run, request: Request, place: Path | None, question: str) -> Run:
    """The nested run, at its beginning or where it was stopped."""
    assert request.nested is not None
    setup = _setup(parent, request, place)
    if place is not None and place.exists():
        from rlmlite.runs.past.reopen import reopen  # with the way back into a trace, which a new run does not need

        past = reopen(place, blobs=parent.blobs)
        return Run(past.inputs, past.blobs, setup, past)
    for name in request.nested.inputs:
        check_name(name, "give the argument another name")
    inputs = _inputs(request, parent)
    # Before the run begins, so that a question that cannot be asked leaves no trace.
    check_question(question, inputs)
    return Run(inputs, parent.blobs, setup)


def _check_is_answer(trace: CheckedTrace, request: Request, parent: Run) -> None:
    """Raise `TraceBrokenError` unless a trace is of the run that this request asks for.

    Whoever sent the folder may have put another run there, to which more is permitted than its parent may give.
    """
    assert request.nested is not None
    try:
        settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        settings = None
    if trace.genesis.parent != request.id:
        raise TraceBrokenError(RECORDS, 0, "parent", request.id, str(trace.genesis.parent))
    lacked = GUARDS.keys() & parent.state.run.flags - set(trace.genesis.flags)
    if lacked:
        raise TraceBrokenError(RECORDS, 0, "flags", "those of its parent", f"none of {sorted(lacked)}")
    if settings != request.nested.settings:
        raise TraceBrokenError(RECORDS, 0, "settings", "those that its parent gave it", "others")
    # Rules go by the names of inputs, so one must not stand under the name of another.
    recorded, inputs = sources_of(trace), _inputs(request, parent)
    is_same = recorded.keys() == inputs.keys() and all(
        _is_same_input(trace, recorded[name], each) for name, each in inputs.items()
    )
    if not is_same:
        raise TraceBrokenError(RECORDS, 0, "inputs", "those that its parent gave it", ", ".join(recorded))


def _is_same_input(trace: CheckedTrace, recorded: Source, expected: Input) -> bool:
    if expected.memory is not None:
        return recorded.content is not None and trace.content(recorded.content) == expected.memory
    places = [(source.kind, source.files, source.part, source.content) for source in (recorded, expected.source)]
    return places[0] == places[1]


def _setup(parent: Run, request: Request, place: Path | None) -> Setup:
    """The parent's, with a key and a trace of its own, and with the clients one level further down.

    The key follows from the parent's and the call, so the same call of the same run is the same nested run.
    """
    ours = parent.setup
    key = ours.run_key if parent.log is None else parent.log.run_key
    settings = msgspec.structs.replace(
        ours.settings,
        # A parent without a trace has nested runs without one.
        trace=place if place is not None else False,
        on_event=lambda event: parent.tell(Nested(request.id, event)),
    )
    # One level further down, `rlm` plays the controller, `rlm_2` is what `rlm` is here, and so on.
    sources = nested_roles(ours.clients)
    clients = {role: ours.clients[source] for role, source in sources.items()}
    return msgspec.structs.replace(
        ours,
        settings=settings,
        run_key=hmac.digest(key, request.id.encode(), hashlib.sha256),
        clients=clients,
        parent=request,
        within=parent.deadline,
        level=ours.level + 1,
        # Of a session that an older version has begun: what it hands down is made, and read, by its rules.
        flags=parent.state.run.flags,
    )


def _answer_and_seal(child: Run, question: str) -> FanOuts[Outcome]:
    """Go on with what was stopped, answer the question, end the run."""
    agent = Agent()  # the defaults: a type of the answer, or patience, was said of the parent's question
    if child.unfinished is not None:
        yield from child.go_on()
    # Asked twice, the question would be two records, and the trace another than that of a run nobody killed.
    is_asked = open_question(child.history) is not None
    if is_asked:
        end = yield from go_on(child, agent)
    else:
        end = yield from ask(child, question, agent)
    seal = child.seal(end.status, end.reason)
    return child.outcome(seal)


def _result(child: Run, outcome: Outcome) -> Result:
    """What the parent gets of a nested run that has ended."""
    charges = charges_to_parent(child.state.used)
    warnings, notes, _ = record_remarks(child.state.remarks, child.state)
    record = Child(
        outcome.root or "",
        outcome.status,
        outcome.reason,
        charges,
        warnings=without_examples(warnings),
        notes=without_examples(notes),
        calls=child.counts.totals(),
    )
    usage = Usage(*child.counts.usage)
    found = findings(child.state)
    stands = standing(child.state)
    if stands is None:
        return Failed("no_answer", usage, "", record, findings=found)
    # As canonical JSON, so that the same value is the same bytes in the parent's trace.
    return Answered(value_bytes(stands.answer.value).decode(), usage, child=record, findings=found)


def _recorded_result(trace: CheckedTrace) -> Result:
    """The same, of one that was sealed before this process began."""
    from rlmlite.runs.past.reopen import usage_in

    end = trace.records[-1]
    assert isinstance(end, Seal)
    # No state is rebuilt, which would mean to execute the run again: each record says what it used.
    used: Counter[str] = Counter()
    for record in trace.records:
        if isinstance(record, Turn | Step):
            used.update(record.used)
    counts = usage_in(trace, trace.size).counts
    child = Child(
        trace.root,
        end.outcome,
        end.reason,
        charges_to_parent(used),
        warnings=without_examples(end.warnings),
        notes=without_examples(end.notes),
        calls=counts.totals(),
    )
    usage = Usage(*counts.usage)
    found = "" if end.findings is None else trace.content(end.findings).decode()
    if end.result is None:
        return Failed("no_answer", usage, "", child, findings=found)
    answer = msgspec.json.decode(trace.content(end.result))
    text = value_bytes(answer["value"]).decode()
    return Answered(text, usage, child=child, findings=found)


_FilesByName: TypeAlias = dict[str, tuple[Source, SourceFile]]
"""The parent's files that can be read in place, by the names of their contents, each with the input that it is of."""


def _inputs(request: Request, parent: Run) -> dict[str, Input]:
    """The inputs of a nested run, by name."""
    assert request.nested is not None
    return {name: _input(value, parent) for name, value in request.nested.inputs.items()}


def _input(value: "Value | Excerpts", parent: Run) -> Input:
    """A value of the parent as an input of the nested run.

    Text of a file, or a part of it, is read where the file is. Anything else is kept in the nested run's trace, since
    nobody could find it again.
    """
    from rlmlite_kernel.values.tables.excerpts import EXCERPTS, Excerpts, read_excerpts  # most runs nest none

    if isinstance(value, Excerpts):
        # Read back at once, so that the run works on exactly what a replay will see.
        excerpts = read_excerpts(read_json(value.document.decode()))
        parent.blobs.put(excerpts.texts)
        source = Source(EXCERPTS)
        return Input(excerpts.value, source, value.document, texts=excerpts.content, sources=excerpts.sources)
    files = _files_in_place(parent)
    if isinstance(value, Text) and value.blob in files:
        source, file = files[value.blob]
        bounds = (value.start, value.stop)
        is_whole = bounds == (0, file.size)
        part = None if is_whole else bounds
        return Input(forget_places(value), source.of_files("text", (file,), part))
    if isinstance(value, Rows) and value.kind == DOCUMENTS:
        return _documents(value, files, parent)
    content = to_json(value, parent.blobs)
    return from_value(content, parent.blobs)


def _files_in_place(parent: Run) -> _FilesByName:
    files: _FilesByName = {}
    for name, each in parent.inputs.items():
        is_on_disk = each.memory is None
        if is_on_disk:
            # The run's own value: of equal files it has a name for each.
            contents = _contents(parent.state.variables[name].data.value)
            files |= {content: (each.source, file) for content, file in zip(contents, each.source.files, strict=False)}
    return files


def _contents(value: Value) -> list[str]:
    """The names of an input's contents, in the order of its files."""
    if isinstance(value, Text):
        return [value.blob]
    spans = value.spans if isinstance(value, Rows) else None
    if spans is None:
        return []
    if isinstance(value, Rows) and value.kind == DOCUMENTS:
        return [spans.blob_at(row) for row in range(len(value))]
    return list(spans.blobs)


def _documents(value: Rows, files: _FilesByName, parent: Run) -> Input:
    """Documents, by reference if all are whole files of one input, else by their content."""
    spans = value.spans
    assert spans is not None
    # Row by row, the file that the document is of; nothing for one that is of no file in place.
    places = [files.get(spans.blob_at(row)) for row in range(len(value))]
    known = [place for place in places if place is not None]
    on_disk = tuple(file for _, file in known)
    sources = [source for source, _ in known]

    # An input has one source, and a source lists whole files. Other rows cannot be said to be anywhere.
    are_all_known = len(known) == len(places)
    is_one_source = len({id(source) for source in sources}) == 1
    bounds = list(zip(spans.starts.tolist(), spans.stops.tolist(), strict=True))
    are_whole = bounds == [(0, file.size) for file in on_disk]
    if are_all_known and is_one_source and are_whole:
        # Made anew, so that the nested run has what an input of these files would be.
        table = documents((file.path, file.digest, file.size) for file in on_disk)
        return Input(table, sources[0].of_files(DOCUMENTS, on_disk))

    rows = value.values(parent.blobs)
    texts = {row["path"]: to_json(row["text"], parent.blobs) for row in rows}  # type: ignore[index,call-overload]
    return from_value(texts, parent.blobs)
