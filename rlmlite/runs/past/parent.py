"""The run that a fork goes out from: verified, executed again, and taken apart at a step.

    parent    question, turn 1 (steps 1-3), turn 2 (steps 4-6), turn 3 (step 7)
    at 5      kept: the question, turn 1, and of turn 2 the statements before that of step 5
              then: the rest of turn 2, and turn 3

A program of the host's is cut before the statement of the step; of a controller's turn nothing is kept but the whole.
The trace may be a stranger's: see `reopen` for what of it is believed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite.errors import SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.trust.access import Access
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite.inputs import Reading, deriving
from rlmlite.inputs.refetch import open_places
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.past.recorded_calls import RecordedCalls
from rlmlite.runs.past.reopen import check_reproduced, inputs_of, refusal_to_go_on
from rlmlite_kernel.program.ast import Parsed, Program, walk
from rlmlite_kernel.program.problems import Unparsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Addition, Question, Seal, Step, Turn
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import READER_LIMITS, CheckedTrace, DirectoryStore, FileBlobs, allow_claims, replay, verify

_SETTINGS = msgspec.json.Decoder(Settings)


class Asked(msgspec.Struct, frozen=True):
    """A question of the parent, with the schema of its answer, and its controller's turns."""

    text: str
    form: str
    turns: tuple[int, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """A program of the host's: its turn, and what was read."""

    turn: int
    said: Parsed | Unparsed


Item: TypeAlias = Asked | Said


class Parent(msgspec.Struct, frozen=True):
    """A run to fork: its trace, inputs and settings, the results that may be used again, and what was done in it."""

    path: Path
    trace: CheckedTrace
    settings: Settings
    inputs: Mapping[str, Input]
    blobs: FileBlobs
    calls: RecordedCalls
    items: tuple[Item, ...]
    is_own: bool

    @property
    def is_sealed(self) -> bool:
        """Whether it has ended."""
        return isinstance(self.trace.records[-1], Seal)


class Cut(msgspec.Struct, frozen=True):
    """Where a fork leaves its parent: at a step, in a turn. `kept` is done as before, `rest` comes after it.

    `turn` is the first turn that may be another one.
    """

    step: int
    turn: int
    kept: tuple[Item, ...]
    rest: tuple[Item, ...]


def read_parent(path: Path, reading: Reading, access: Access) -> Parent:
    """Verify and replay the trace of a run. Raises `SettingError`, and what `verify` and `replay` raise."""
    trace = verify(path)
    is_own = is_begun_here(path, trace)
    refusal = refusal_to_go_on(path, trace, is_own)
    if refusal:
        raise SettingError(refusal)
    blobs = FileBlobs() if access.store is None else FileBlobs(store=DirectoryStore.open_to_read(access.store))
    calls = RecordedCalls(trace)
    limits = allow_claims(trace) if is_own else READER_LIMITS
    with open_places(trace, access.inputs, reading, blobs) as places:
        replayed = replay(
            trace,
            places,
            blobs,
            derive=deriving(reading),
            parser=CODE_PARSER,
            recorded_paths=is_own,
            limits=limits,
            hear=calls.hear,
        )
    check_reproduced(replayed, path, trace, is_own)
    state = replayed.state
    assert state is not None  # the genesis was reproduced
    settings = _SETTINGS.decode(trace.content(trace.genesis.settings))
    _refuse_what_is_no_start(trace, settings, path)
    return Parent(path, trace, settings, inputs_of(trace, state), blobs, calls, _items(trace), is_own)


def _refuse_what_is_no_start(trace: CheckedTrace, settings: Settings, path: Path) -> None:
    if settings.parent is not None:
        raise SettingError(f"{path} is a nested run: fork the run that began it")
    if settings.changes:
        raise SettingError(f"{path} is a fork with other settings from a turn on: fork the run that it comes from")
    if any(isinstance(record, Addition) for record in trace.records):
        raise SettingError(f"inputs or limits were added to {path} on the way: such a run cannot be forked yet")


def _items(trace: CheckedTrace) -> tuple[Item, ...]:
    """What was done, in order. Looks at the inputs that an agent begins with belong to its question."""
    items: list[Item] = []
    is_just_asked = False
    for record in trace.records:
        if isinstance(record, Question):
            form = "" if record.form is None else trace.content(record.form).decode()
            items.append(Asked(trace.content(record.text).decode(), form))
            is_just_asked = True
        elif isinstance(record, Turn):
            last = items[-1] if items else None
            if isinstance(last, Asked) and (record.origin == CONTROLLER or is_just_asked):
                items[-1] = msgspec.structs.replace(last, turns=(*last.turns, record.turn))
            else:
                reading = decode_reading(record, trace.content)
                assert reading is not None  # the trace was replayed
                items.append(Said(record.turn, reading))
            is_just_asked = False
    return tuple(items)


def cut_at(parent: Parent, step: int) -> Cut:
    """Take a run apart at a step; one more than there are is its end. Raises `SettingError` for another number."""
    steps = [record for record in parent.trace.records if isinstance(record, Step)]
    if step == len(steps) + 1:
        last = max((each.turn for each in parent.trace.records if isinstance(each, Turn)), default=0)
        return Cut(step, last + 1, parent.items, ())
    if not 1 <= step <= len(steps):
        raise SettingError(f"--at {step}: {parent.path} has {len(steps):,} steps, counted from 1")
    record = steps[step - 1]
    kept: list[Item] = []
    for place, item in enumerate(parent.items):
        later = parent.items[place + 1 :]
        if isinstance(item, Said) and item.turn == record.turn:
            first, second = _cut_program(item, record.statement)
            turn = item.turn if first is None else item.turn + 1
            return Cut(step, turn, (*kept, *([] if first is None else [first])), (second, *later))
        if isinstance(item, Asked) and record.turn in item.turns:
            return Cut(step, record.turn, tuple(kept), (item, *later))
        kept.append(item)
    raise SettingError(f"--at {step}: no program of {parent.path} has this step")


def _cut_program(item: Said, statement: int) -> tuple[Said | None, Said]:
    """A program before a statement, if there is something, and from it on."""
    said = item.said
    if statement == 0 or not isinstance(said, Parsed):
        return None, item
    body, at = said.program.body, said.at
    nodes = len(list(walk(Program(body[:statement]))))
    # A statement begins a line, and its first node may come after its variable.
    place = said.text.rfind("\n", 0, at[nodes]) + 1 if len(at) > nodes else 0
    first = Parsed(Program(body[:statement]), said.text[:place], at[:nodes])
    second = Parsed(Program(body[statement:]), said.text[place:], tuple(offset - place for offset in at[nodes:]))
    return Said(item.turn, first), Said(item.turn + 1, second)
