"""What was said and done in a run so far, one `Exchange` a turn: what a prompt shows, and what a session goes on from.

It is made of records and their blobs alone, so a run that is under way and a trace that is opened again give the same.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.program.problems import Problem, Unparsed, explain
from rlmlite_kernel.program.recorded import said_in
from rlmlite_kernel.records.records import AnyRecord, Entry, Question, Ref, Step, Turn

HOST = "host"
CONTROLLER = "controller"
"""Who spoke, as turns record it."""

QUESTIONS = ("question", "the_question", "asked_question")
"""Variables that hold the question; the first that is no input."""

Content = Callable[[Ref], bytes]
"""What a ref names."""

Seen = tuple[tuple[str, tuple[int, int, int]], ...]
"""By input: bytes shown, read by a model and scanned so far."""


class Did(msgspec.Struct, frozen=True):
    """One step: the action, the variable that it wrote (with the value's ref), how it ended and what it showed."""

    statement: int
    op: str
    name: str
    kind: str
    size: int
    ref: Ref
    status: str
    code: str
    text: str


class Exchange(msgspec.Struct, frozen=True):
    """One turn: who spoke, the program, what became of it. Or a `question` of the host's, which takes no turn.

    `role` is the controller's, empty for the host. `problems` are those of a reply that was no program.
    `silent`: the controller gave no reply. `seen` is what of the inputs had been shown, read and scanned after it.
    """

    turn: int
    origin: str
    role: str
    program: str
    steps: tuple[Did, ...]
    observation: str
    problems: tuple[Problem, ...] = ()
    silent: bool = False
    question: str | None = None
    seen: Seen = ()

    @property
    def answered(self) -> bool:
        """Whether `final` was reached."""
        return any(step.op == "final" and step.status == "ok" for step in self.steps)

    @property
    def fruitless(self) -> bool:
        """Whether nothing of it succeeded."""
        return all(step.status != "ok" for step in self.steps)


def of_entries(entries: Sequence[Entry], room: int, seen: Seen = ()) -> Exchange:
    """The exchange of a turn that has just ended, or of a question.

    `room` is the limit of an observation, `seen` what had been seen before it.
    """
    contents = {blob.ref: blob.content for entry in entries for blob in entry.blobs}
    return _exchange([entry.record for entry in entries], contents.__getitem__, room, seen)


def of_records(records: Iterable[AnyRecord], content: Content, room: int) -> tuple[Exchange, ...]:
    """The exchanges of a trace's whole turns, and its questions."""
    groups: list[list[AnyRecord]] = []
    for record in records:
        if isinstance(record, Turn | Question):
            groups.append([record])
        elif isinstance(record, Step):
            groups[-1].append(record)
    exchanges: list[Exchange] = []
    for group in groups:
        seen = exchanges[-1].seen if exchanges else ()
        exchanges.append(_exchange(group, content, room, seen))
    return tuple(exchanges)


def open_question(history: Sequence[Exchange]) -> str | None:
    """The last question that the host asked, unless `final` came after it."""
    for exchange in reversed(history):
        if exchange.answered:
            return None
        if exchange.question is not None:
            return exchange.question
    return None


def since_question(history: Sequence[Exchange]) -> Sequence[Exchange]:
    """What came after the last question."""
    for place in range(len(history) - 1, -1, -1):
        if history[place].question is not None:
            return history[place + 1 :]
    return history


def first_look(history: Sequence[Exchange]) -> Exchange | None:
    """The host's turn after the first question, in which it showed how the inputs begin."""
    asked = next((place for place, exchange in enumerate(history) if exchange.question is not None), len(history))
    after = history[asked + 1 : asked + 2]
    return after[0] if after and after[0].origin == HOST and after[0].question is None else None


def _exchange(records: Sequence[AnyRecord], content: Content, room: int, seen: Seen) -> Exchange:
    first, steps = records[0], [record for record in records if isinstance(record, Step)]
    if isinstance(first, Question):
        asked = content(first.text).decode()
        return Exchange(turn=0, origin=HOST, role="", program="", steps=(), observation="", question=asked, seen=seen)
    assert isinstance(first, Turn)
    turn = first
    said = said_in(turn, content)
    program = "" if said is None else said.text
    problems = said.problems if isinstance(said, Unparsed) else ()
    done = tuple(_did(step, content) for step in steps)
    observation = "\n".join(step.text for step in done if step.text)
    return Exchange(
        turn=turn.turn,
        origin=turn.origin,
        role="" if turn.call is None else turn.call.role,
        program=program,
        steps=done,
        observation=fit_text(explain(problems, program), room)[0] if problems else observation,
        problems=problems,
        silent=turn.call is not None and turn.reply is None,
        seen=_seen_after(seen, steps),
    )


def _did(step: Step, content: Content) -> Did:
    written = step.writes[0] if step.writes else None
    return Did(
        step.statement,
        step.op,
        "" if written is None else written.name,
        "" if written is None else written.kind,
        0 if written is None else written.size,
        "" if written is None else written.ref,
        step.status,
        step.code,
        "" if step.observation.ref is None else content(step.observation.ref).decode(),
    )


def _seen_after(before: Seen, steps: Sequence[Step]) -> Seen:
    """What had been seen of the inputs after these steps. A step records only the inputs whose totals it changed."""
    totals = dict(before)
    for step in steps:
        totals |= step.coverage
    return tuple(sorted(totals.items()))
