"""What was said and done in a run so far: what a prompt shows, and what a session goes on from.

It is made of records and their contents alone. So a run that is under way and a trace that is opened again have the
same history, and therefore the same next prompt:

    entries of a turn that has just ended   ->  exchange_of_entries   ->  one `Exchange`
    the records of a trace                  ->  exchanges_of_records  ->  all of them, equal to those
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, overload

import msgspec

from rlmlite_kernel.effects.requests import DEADLINE
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.program.problems import Problem, Unparsed, explain
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Addition, AnyRecord, Entry, Question, Ref, Step, Turn
from rlmlite_kernel.run.status import is_lost_reply
from rlmlite_kernel.run.steps.remarks import remarks_of_reading, say_lines

HOST = "host"
CONTROLLER = "controller"
"""Who spoke, as turns record it."""

QUESTIONS = ("question", "the_question", "asked_question")
"""Names for the variable that holds the question; the first that is not the name of an input is used."""

Content = Callable[[Ref], bytes]
"""Gives the content that a ref names."""

Seen = tuple[tuple[str, tuple[int, int, int]], ...]
"""For each input by name: bytes shown, read by a model, and scanned so far."""


class StepSummary(msgspec.Struct, frozen=True):
    """One step: the action, the variable that it wrote with the value's ref, how it ended, and what it showed."""

    statement: int
    op: str
    name: str
    kind: str
    size: int
    ref: Ref
    status: str
    code: str
    text: str


class AdditionSummary(msgspec.Struct, frozen=True):
    """What the host has added: inputs by their names, and limits that are higher now."""

    inputs: tuple[str, ...]
    limits: dict[str, int | None]


class Exchange(msgspec.Struct, frozen=True, dict=True):
    """One turn: who spoke, the program, what became of it. Or a `question` or an `addition` of the host: no turn.

    `role` is the controller's, empty for the host. `problems` are those of a reply that was not a program.
    `silent`: the controller gave no reply, or one of no use, whose error is `lost`. `seen` is what had been seen of the
    inputs after it. `refusal` is what the host had against the answer of the turn before.
    What a prompt says of it is kept beside its fields, and is no part of it (`agent.prompts.past`).
    """

    turn: int
    origin: str
    role: str
    program: str
    steps: tuple[StepSummary, ...]
    observation: str
    problems: tuple[Problem, ...] = ()
    silent: bool = False
    lost: str = ""
    question: str | None = None
    seen: Seen = ()
    refusal: str = ""
    addition: AdditionSummary | None = None

    @property
    def is_turn(self) -> bool:
        """Whether it took a turn."""
        return self.question is None and self.addition is None

    @property
    def answered(self) -> bool:
        """Whether it gave an answer: whether `final` was reached."""
        return any(step.op == "final" and step.status == "ok" for step in self.steps)

    @property
    def fruitless(self) -> bool:
        """Whether nothing of it succeeded."""
        return all(step.status != "ok" for step in self.steps)


_EXCHANGE: Final = msgspec.msgpack.Decoder(Exchange)


class History(Sequence[Exchange]):
    """The exchanges so far. Those that come `encoded`, from a checkpoint, are decoded when somebody looks at them.

    A program of the host needs the last one alone, a controller's prompt the latest.
    """

    def __init__(self, exchanges: Iterable[Exchange] = (), encoded: Iterable[bytes] = ()) -> None:
        self._encoded: list[bytes | None] = list(encoded)
        self._exchanges: list[Exchange | None] = [None] * len(self._encoded)
        self.extend(exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | Sequence[Exchange]:
        """See `Sequence`."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        exchange = self._exchanges[index]
        if exchange is None:
            encoded = self._encoded[index]
            assert encoded is not None  # each is one or the other
            exchange = self._exchanges[index] = _EXCHANGE.decode(encoded)
        return exchange

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same exchanges."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def append(self, exchange: Exchange) -> None:
        """One more."""
        self._exchanges.append(exchange)
        self._encoded.append(None)

    def extend(self, exchanges: Iterable[Exchange]) -> None:
        """More of them, in order."""
        for exchange in exchanges:
            self.append(exchange)

    def encoded(self) -> tuple[bytes, ...]:
        """All of them as a checkpoint holds them."""
        for place, known in enumerate(self._encoded):
            if known is None:
                self._encoded[place] = msgspec.msgpack.encode(self._exchanges[place])
        return tuple(each for each in self._encoded if each is not None)

    def copy(self) -> "History":
        """The same exchanges, to which others may be added."""
        other = History()
        other._encoded, other._exchanges = list(self._encoded), list(self._exchanges)
        return other


def exchange_of_entries(entries: Sequence[Entry], room: int, seen: Seen = ()) -> Exchange:
    """The exchange of a turn that has just ended, or of a question.

    `room` is the limit of an observation in bytes, `seen` what had been seen before it.
    """
    contents = {blob.ref: blob.content for entry in entries for blob in entry.blobs}
    return _exchange([entry.record for entry in entries], contents.__getitem__, room, seen)


def exchanges_of_records(
    records: Iterable[AnyRecord], content: Content, room: int, seen: Seen = ()
) -> tuple[Exchange, ...]:
    """The exchanges of a trace's whole turns, its questions and additions.

    `room` is the limit of an observation before them, `seen` what had been seen.
    """
    # A turn's record comes before those of its steps. The genesis and the seal are in no turn.
    groups: list[list[AnyRecord]] = []
    for record in records:
        if isinstance(record, Turn | Question | Addition):
            groups.append([record])
        elif isinstance(record, Step):
            groups[-1].append(record)

    exchanges: list[Exchange] = []
    for group in groups:
        first = group[0]
        if isinstance(first, Addition):
            room = first.limits.get("observation_bytes") or room
        exchange = _exchange(group, content, room, seen)
        exchanges.append(exchange)
        seen = exchange.seen
    return tuple(exchanges)


def open_question(history: Sequence[Exchange], *, is_refused: bool = False) -> str | None:
    """The last question that the host asked, unless `final` came after it.

    `is_refused`: the host has refused the last answer, which no turn says yet.
    """
    for exchange in reversed(history):
        if exchange.answered and not is_refused:
            return None
        if exchange.question is not None:
            return exchange.question
        is_refused = bool(exchange.refusal)
    return None


def is_of_controller(history: Sequence[Exchange]) -> bool:
    """Whether a controller spoke last, whatever was added since."""
    last = next((exchange for exchange in reversed(history) if exchange.addition is None), None)
    return last is not None and bool(last.role)


def refusals(history: Sequence[Exchange]) -> dict[int, str]:
    """What the host had against answers, by the turn that gave them."""
    return {exchange.turn - 1: exchange.refusal for exchange in history if exchange.refusal}


def since_question(history: Sequence[Exchange]) -> Sequence[Exchange]:
    """What came after the last question; all of it if there was none."""
    for place in range(len(history) - 1, -1, -1):
        if history[place].question is not None:
            return history[place + 1 :]
    return history


def inputs_to_show(history: Sequence[Exchange], inputs: Iterable[str]) -> list[str]:
    """The inputs whose beginnings the host is to show: all after the first question, later those that were added."""
    added: list[str] = []
    for place in range(len(history) - 1, -1, -1):
        exchange = history[place]
        if exchange.addition is not None:
            added = [*exchange.addition.inputs, *added]
        elif exchange.question is None:
            break
        elif all(before.question is None for before in history[:place]):
            return list(inputs)
    return added


def first_look(history: Sequence[Exchange]) -> Exchange | None:
    """The host's turn right after the first question, in which it showed how the inputs begin."""
    for question, next_one in pairwise(exchange for exchange in history if exchange.addition is None):
        if question.question is not None:
            is_look = next_one.origin == HOST and next_one.question is None
            return next_one if is_look else None
    return None


def _exchange(records: Sequence[AnyRecord], content: Content, room: int, seen: Seen) -> Exchange:
    first = records[0]
    steps = [record for record in records if isinstance(record, Step)]
    if isinstance(first, Question):
        text = content(first.text).decode()
        return Exchange(turn=0, origin=HOST, role="", program="", steps=(), observation="", question=text, seen=seen)
    if isinstance(first, Addition):
        addition = AdditionSummary(tuple(entry.name for entry in first.inputs), first.limits)
        return Exchange(0, HOST, "", "", (), "", seen=seen, addition=addition)
    assert isinstance(first, Turn)
    said = decode_reading(first, content)
    program = "" if said is None else said.text
    problems = said.problems if isinstance(said, Unparsed) else ()
    summaries = tuple(_summary(step, content) for step in steps)

    # What a controller sees of a program that was refused is why, within the same bound as any observation. The records
    # hold the problems and not these words, so they are made again here.
    if problems:
        observation, _ = fit_text(explain(problems, program), room)
    else:
        remarks = () if said is None else remarks_of_reading(said)
        observation = "\n".join(filter(None, (say_lines(remarks), *(step.text for step in summaries))))
    # A call that the time of the run has cut says nothing of whom it was made to.
    is_silent = first.call is not None and first.reply is None and first.call.error != DEADLINE
    return Exchange(
        turn=first.turn,
        origin=first.origin,
        role="" if first.call is None else first.call.role,
        program=program,
        steps=summaries,
        observation=observation,
        problems=problems,
        silent=is_silent,
        lost=first.call.error if first.call is not None and is_lost_reply(first.call) else "",
        seen=_seen_after(seen, steps),
        refusal=refusal_in(first, content),
    )


def refusal_in(turn: Turn, content: Content) -> str:
    """What the host had against the answer of the turn before, as a turn records it."""
    held_back = turn.held_back
    return "" if held_back is None or held_back.example is None else content(held_back.example).decode()


def _summary(step: Step, content: Content) -> StepSummary:
    variable = step.writes[0] if step.writes else None
    observation = step.observation.ref
    return StepSummary(
        statement=step.statement,
        op=step.op,
        name="" if variable is None else variable.name,
        kind="" if variable is None else variable.kind,
        size=0 if variable is None else variable.size,
        ref="" if variable is None else variable.ref,
        status=step.status,
        code=step.code,
        text="" if observation is None else content(observation).decode(),
    )


def _seen_after(before: Seen, steps: Sequence[Step]) -> Seen:
    """What had been seen of the inputs after these steps. A step records only the inputs whose totals it changed."""
    totals = dict(before)
    for step in steps:
        totals |= step.coverage
    # A sorted tuple, which can be put into a set: `stuck` asks whether the totals were the same before.
    return tuple(sorted(totals.items()))
