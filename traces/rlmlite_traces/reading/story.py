"""A story: what a trace says, read from its records and contents alone. Nothing of it is run.

    story = open_story(Path("a.rlm"))
    story.beginning.settings.roles["sub"].model       who was asked
    for chapter in story.chapters(): ...              questions and turns, in order, each with its steps
    for call in story.calls(step.seq): ...            the calls of one step, with their prompts and answers
    story.ending                                      the outcome, or `None` of an open trace

All that shows a trace to people stands on this one reading: commands, the viewer, what an auditor asks. Chapters and
calls are made when they are asked for, so a story of 10,000 calls takes no more memory than its trace.

A story can be read of any trace that verifies, with contents redacted or without, and of what a killed process left.
What a stranger's contents say may be anything; where it is not what its record says, the passage is `unreadable`.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from rlmlite_kernel.records.records import (
    Addition,
    Checkpoint,
    Genesis,
    Question,
    Redact,
    Seal,
    Spoken,
    Step,
    Turn,
    Written,
)
from rlmlite_traces.errors import BlobAbsentError, TraceBrokenError
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.format.verify import verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.parts.answers import tell_ending
from rlmlite_traces.reading.parts.beginnings import tell_beginning, tell_input
from rlmlite_traces.reading.parts.calls import CallReader
from rlmlite_traces.reading.parts.chapters import (
    AdditionStory,
    Beginning,
    CallStory,
    Chapter,
    Ending,
    InputStory,
    QuestionStory,
    RedactionStory,
    SpeakerStory,
    StepStory,
    TurnStory,
    VariableStory,
)
from rlmlite_traces.reading.parts.passages import Passage, Passages
from rlmlite_traces.reading.parts.programs import Program, program_of
from rlmlite_traces.reading.parts.remarks import meaning_of, tell_remark, tell_remarks
from rlmlite_traces.writing.recovery import recover

_PREVIEW = 200  # characters of what a step showed, beside the variable that it wrote


def open_story(path: Path, limits: ReaderLimits = READER_LIMITS) -> "Story":
    """The story of a trace, or of what is sound of one whose writer was killed.

    Raises as `verify` does for damage that no crash can cause.
    """
    try:
        return Story(verify(path, limits=limits))
    except (TraceBrokenError, BlobAbsentError):
        recovered = recover(UncheckedTrace.read(path, limits))
        lost = {name: size for name, size in recovered.dropped.items() if size}
        # What verifies as far as it goes and lost nothing is not what a crash leaves.
        if recovered.trace is None or not lost:
            raise
        return Story(recovered.trace, lost)


class Story:
    """The story of a verified trace. `lost` are bytes at the ends of files that a killed process left unfinished."""

    def __init__(self, trace: CheckedTrace, lost: Mapping[str, int] | None = None) -> None:
        self.trace, self.lost = trace, dict(lost or {})
        self.passages = Passages(trace)
        self.beginning: Beginning = tell_beginning(trace, self.passages)

    def __repr__(self) -> str:
        from rlmlite_traces.format.showing.notebook import line

        return line(self.trace.facts("Story"))

    def _repr_html_(self) -> str:
        from rlmlite_traces.format.showing.notebook import table

        facts = self.trace.facts("Story")
        answer = None if self.ending is None else self.ending.answer
        if answer is not None:
            facts = replace(facts, evidence=answer.evidence, evidence_total=answer.evidence_total)
        return table(facts)

    @cached_property
    def ending(self) -> Ending | None:
        """The seal and the answer; `None` of a trace that is open."""
        last = self.trace.records[-1]
        return tell_ending(last, self.passages) if isinstance(last, Seal) else None

    @cached_property
    def inputs(self) -> tuple[InputStory, ...]:
        """The inputs that the run began with, and those that were added."""
        return tuple(tell_input(entry, self.passages) for entry in self.trace.input_entries)

    @cached_property
    def questions(self) -> tuple[Passage, ...]:
        """What the host asked, in order."""
        return tuple(self.passages.read(each.text) for each in self.trace.records if isinstance(each, Question))

    def chapters(self) -> Iterator[Chapter]:
        """Questions, turns with their steps, and redactions, in order; those after the seal come last."""
        records = self.trace.records
        place = 1
        while place < len(records):
            stop = place + 1
            while stop < len(records) and isinstance(records[stop], Step):
                stop += 1
            chapter = self._chapter(place, stop)
            if chapter is not None:
                yield chapter
            place = stop
        for seq, redaction in enumerate(self.trace.redactions, len(records)):
            yield _redaction(redaction, seq)

    def calls(self, seq: int, kind: str = "") -> Iterator[CallStory]:
        """The calls of the step whose record has this number; with `kind`, those of that kind alone."""
        return self.reader.calls(seq, kind)

    @cached_property
    def reader(self) -> CallReader:
        """What reads calls, and knows which contents are inputs."""
        return CallReader(self.trace, self.inputs, self.passages)

    def _chapter(self, place: int, stop: int) -> Chapter | None:
        """The chapter that begins with a record, with the steps after it."""
        record = self.trace.records[place]
        match record:
            case Question():
                return self._question(record)
            case Turn():
                return self._turn(record, stop)
            case Addition():
                inputs = tuple(tell_input(entry, self.passages) for entry in record.inputs)
                return AdditionStory(seq=place, inputs=inputs, limits=record.limits)
            case Redact():
                return _redaction(record, place)
            case Genesis() | Step() | Checkpoint() | Seal():
                return None  # a checkpoint says nothing new, steps are told with their turn, the seal is the ending
            case _:
                assert_never(record)

    def _question(self, record: Question) -> QuestionStory:
        text = self.passages.read(record.text)
        return QuestionStory(
            seq=record.seq,
            text=text,
            variable=_variable(record.writes, text.text),
            form=self.passages.read_if(record.form),
            earlier="" if record.earlier is None else record.earlier.name,
        )

    def _turn(self, record: Turn, stop: int) -> TurnStory:
        program = program_of(self.trace, record, self.passages)
        steps = (each for each in self.trace.records[record.seq + 1 : stop] if isinstance(each, Step))
        return TurnStory(
            seq=record.seq,
            turn=record.turn,
            origin=record.origin,
            speaker=None if record.call is None else self._speaker(record.call),
            reply=self.passages.read_if(record.reply),
            program=None if program is None else program.text,
            problems=() if program is None else program.problems,
            reading=() if program is None else program.notes,
            held_back=None if record.held_back is None else tell_remark(record.held_back, self.passages),
            earlier="" if record.earlier is None else record.earlier.name,
            used=record.used,
            clock_ms=record.clock_ms,
            remarks=tell_remarks(record.warnings, record.notes, self.passages),
            steps=tuple(self._step(each, program) for each in steps),
        )

    def _speaker(self, call: Spoken) -> SpeakerStory:
        return SpeakerStory(
            role=call.role,
            model=call.model,
            prompt=call.prompt,
            prompt_bytes=call.prompt_bytes,
            max_output_tokens=call.max_output_tokens,
            usage=call.usage,
            is_cached=call.cached,
            error=call.error,
            detail=self.passages.read_if(call.detail),
            sampling=call.sampling,
        )

    def _step(self, record: Step, program: Program | None) -> StepStory:
        observation = self.passages.read_if(record.observation.ref)
        shown = "" if observation is None else observation.text
        statement = None if program is None else program.statement(record.statement)
        return StepStory(
            seq=record.seq,
            turn=record.turn,
            step=record.step,
            statement=record.statement,
            line=0 if statement is None else statement.line,
            text="" if statement is None else statement.text,
            op=record.op,
            reads=record.reads,
            writes=tuple(_variable(each, shown) for each in record.writes),
            status=record.status,
            code=record.code,
            meaning=meaning_of(record.code),
            observation=observation,
            origins=record.observation.origins,
            cut=record.observation.cut,
            calls=0 if record.effects is None else record.effects.n,
            failed=0 if record.effects is None else record.effects.failed,
            coverage=record.coverage,
            priced=record.priced,
            used=record.used,
            remarks=tell_remarks(record.warnings, record.notes, self.passages),
        )


def _redaction(record: Redact, seq: int) -> RedactionStory:
    return RedactionStory(seq=seq, contents=len(record.refs), reason=record.reason, who=record.who)


def _variable(written: Written, shown: str) -> VariableStory:
    return VariableStory(
        name=written.name, kind=written.kind, size=written.size, ref=written.ref, preview=shown[:_PREVIEW]
    )
