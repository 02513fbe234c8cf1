"""What was said and done in a run so far, one `Exchange` a turn: what a prompt shows, and what a session goes on from.

It is made of records and their blobs alone, so a run that is under way and a trace that is opened again give the same.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.program.ast import Lit, Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed, explain
from rlmlite_kernel.records.records import AnyRecord, Entry, Ref, Step, Turn

HOST = "host"
CONTROLLER = "controller"
"""Who spoke, as turns record it."""

QUESTIONS = ("question", "the_question", "asked_question")
"""Variables that hold the question; the first that is no input."""

Content = Callable[[Ref], bytes]
"""What a ref names."""

_PARSED = msgspec.json.Decoder(Parsed)
_UNPARSED = msgspec.json.Decoder(Unparsed)


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
    """One turn: who spoke, the program, what became of it.

    `role` is the controller's, empty for the host. `problems` are those of a reply that was no program.
    `silent`: the controller gave no reply. `question`: the host asked this here.
    `seen` is what of the inputs had been shown, read and scanned after it.
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
    seen: tuple[tuple[str, tuple[int, int, int]], ...] = ()

    @property
    def answered(self) -> bool:
        """Whether `final` was reached."""
        return any(step.op == "final" and step.status == "ok" for step in self.steps)

    @property
    def fruitless(self) -> bool:
        """Whether nothing of it succeeded."""
        return all(step.status != "ok" for step in self.steps)


def of_entries(entries: Sequence[Entry], room: int) -> Exchange:
    """The exchange of a turn that has just ended; `room` is the limit of an observation."""
    contents = {blob.ref: blob.content for entry in entries for blob in entry.blobs}
    return _exchange([entry.record for entry in entries], contents.__getitem__, room)


def of_records(records: Iterable[AnyRecord], content: Content, room: int) -> tuple[Exchange, ...]:
    """The exchanges of a trace's whole turns."""
    turns: list[list[AnyRecord]] = []
    for record in records:
        if isinstance(record, Turn):
            turns.append([record])
        elif isinstance(record, Step):
            turns[-1].append(record)
    return tuple(_exchange(turn, content, room) for turn in turns)


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


def _exchange(records: Sequence[AnyRecord], content: Content, room: int) -> Exchange:
    turn, steps = records[0], [record for record in records if isinstance(record, Step)]
    assert isinstance(turn, Turn)
    program = "" if turn.program is None else content(turn.program).decode()
    problems: tuple[Problem, ...] = ()
    if turn.diagnostics is not None:
        problems = _UNPARSED.decode(content(turn.diagnostics)).problems
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
        question=_question(turn, done, content),
        seen=tuple(sorted(steps[-1].coverage.items())) if steps else (),
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
        content(step.observation.ref).decode(),
    )


def _question(turn: Turn, steps: tuple[Did, ...], content: Content) -> str | None:
    """What the host asked: the first statement of its program was `question = "..."`."""
    if turn.origin != HOST or turn.ast is None or not steps or steps[0].name not in QUESTIONS:
        return None
    value = _PARSED.decode(content(turn.ast)).program.body[0].value
    return value.v if isinstance(value, Lit) and isinstance(value.v, str) else None
