"""A story as lines for people.

    a.rlm: SEALED, 7 records, root 8c0f…
    question: Which part logs the most errors?
    controller: openai:gpt-5, answers of at most 4,096 tokens
    ...
    turn 1, controller (openai:gpt-5): 1,203 tokens in, 33 out, $0.0012
        1  hits = search(log, "ERROR")
        2  final(count(hits))
      step 1, line 1: search reads log, writes hits (hits, 96 bytes)
        | hits = 2 hits {doc, line, start, end, match, text}
        | ...

What a trace quotes (programs, observations, prompts, answers) stands behind a bar or a line number, so that no line of
it can be taken for one of ours. Long texts are cut to their beginning, and the cut says by how much; `full` cuts none.
"""

from collections.abc import Iterator, Mapping

import msgspec

from rlmlite.cli.output.printing import answer_text
from rlmlite.clients.interface.prices import dollars
from rlmlite.guard.terminal import one_line
from rlmlite_kernel.records.settings import Limits, Role, Settings
from rlmlite_traces.reading.parts.calls import prompt_text
from rlmlite_traces.reading.parts.chapters import (
    AdditionStory,
    AnswerStory,
    Beginning,
    CallStory,
    Ending,
    InputStory,
    ProblemStory,
    QuestionStory,
    RedactionStory,
    RemarkStory,
    SpeakerStory,
    StepStory,
    TurnStory,
    Usage,
)
from rlmlite_traces.reading.parts.passages import Passage
from rlmlite_traces.reading.story import Story

_BRIEF_LINES = 12
_BRIEF_WIDTH = 200
_BRIEF_ITEMS = 20
_NESTING = ("sub_rlm", "explore_over_rows")


class Details(msgspec.Struct, frozen=True):
    """How much is shown: everything, the prompts of calls, their answers."""

    full: bool = False
    prompts: bool = False
    answers: bool = False

    def cut(self, lines: list[str], most: int = _BRIEF_LINES) -> Iterator[str]:
        """The lines, or the first of them and how many more there are."""
        shown = lines if self.full else lines[:most]
        for line in shown:
            yield (
                line if self.full or len(line) <= _BRIEF_WIDTH else f"{line[:_BRIEF_WIDTH]}… ({len(line):,} characters)"
            )
        if len(lines) > len(shown):
            yield f"... and {len(lines) - len(shown):,} more lines"


def story_lines(story: Story, name: str, details: Details) -> Iterator[str]:
    """All lines of a story; `name` is that of its trace."""
    trace = story.trace
    yield f"{name}: {trace.level.name}, {trace.size:,} records, root {trace.root}"
    for file, size in story.lost.items():
        yield f"unfinished: the last {size:,} bytes of {file} were not written to their end, and are not shown"
    if trace.extra:
        yield f"not part of the trace, and not read: {one_line(', '.join(trace.extra))}"
    yield from _beginning(story.beginning, details)
    for chapter in story.chapters():
        match chapter:
            case QuestionStory():
                yield from _question(chapter, details)
            case TurnStory():
                yield from _turn(chapter, story, details)
            case AdditionStory():
                yield from _addition(chapter, details)
            case RedactionStory():
                who = f" by {one_line(chapter.who)}" if chapter.who else ""
                yield f"redacted{who}: {chapter.contents:,} contents, {one_line(chapter.reason)}"
    if story.ending is None:
        yield "open: there is no seal, so its run goes on, was stopped, or its end was cut off"
    else:
        yield from _ending(story.ending, details)


def _beginning(beginning: Beginning, details: Details) -> Iterator[str]:
    yield f"run {beginning.run}, kernel {one_line(beginning.kernel)}, format {beginning.format}"
    if beginning.parent is not None:
        yield f"nested: it answers call {one_line(beginning.parent)} of its parent"
    for name, label in beginning.scope.items():
        yield f"label {one_line(name)}: {one_line(label)}"
    if beginning.settings is None:
        yield f"settings: {beginning.absence}"
    else:
        yield from _settings(beginning.settings, details)
    for each in beginning.inputs:
        yield from _input(each, details)


def _settings(settings: Settings, details: Details) -> Iterator[str]:
    for name, role in settings.roles.items():
        yield f"role {one_line(name)}: {_role(role)}"
    defaults = Limits()
    limits = {name: getattr(settings.limits, name) for name in Limits.__struct_fields__}
    set_ = {name: amount for name, amount in limits.items() if details.full or amount != getattr(defaults, name)}
    if set_:
        yield f"limits: {_amounts(set_)}" + ("" if details.full else "; the others are the defaults")
    if settings.gates:
        yield f"gates: {one_line(', '.join(settings.gates))}"
    for name, tool in settings.tools.items():
        effects = "side effects" if tool.side_effects else "no side effects"
        yield f"tool {one_line(name)}: {effects}, {one_line(tool.help)}"
    policy: Mapping[str, object] = msgspec.to_builtins(settings.policy)
    for name, rule in policy.items():
        yield f"policy {name}: {one_line(msgspec.json.encode(rule).decode(), 1_000)}"


def _role(role: Role) -> str:
    words = [one_line(role.model), f"answers of at most {role.max_output_tokens:,} tokens"]
    if role.window is not None:
        words.append(f"a window of {role.window:,}")
    if role.input_price is not None and role.output_price is not None:
        # Prices are per 1,000 tokens, as they are charged; people know them per million.
        words.append(f"{dollars(role.input_price * 1000)} in and {dollars(role.output_price * 1000)} out per million")
    if role.cache:
        words.append("equal prompts are one call")
    sampling = msgspec.to_builtins(role.sampling)
    words += [f"{name} {one_line(str(value))}" for name, value in sampling.items()]
    return ", ".join(words)


def _input(each: InputStory, details: Details) -> Iterator[str]:
    yield f"input {one_line(each.name)}: {each.kind}, {each.size:,} bytes, {', '.join(_source(each))}"
    if details.full:
        for file in each.files if len(each.files) > 1 else ():
            yield f"    {one_line(file.path)}: {file.size:,} bytes, sha256 {one_line(file.digest)}"
        for path, reason in each.skipped:
            yield f"    left out: {one_line(path)}: {one_line(reason)}"
    elif each.skipped:
        yield f"    left out: {len(each.skipped):,} files"


def _source(each: InputStory) -> Iterator[str]:
    if each.absence:
        yield f"its source is {each.absence}"
    if each.content:
        yield "held in the trace"
    elif each.path:
        yield one_line(each.path)
    if len(each.files) > 1:
        yield f"{len(each.files):,} files"
    if each.part is not None:
        yield f"bytes {each.part[0]:,} to {each.part[1]:,} of it"
    if each.sha256:
        yield f"sha256 {one_line(each.sha256)}"
    if each.is_incomplete:
        yield "not whole"


def _question(question: QuestionStory, details: Details) -> Iterator[str]:
    yield f"question, as `{one_line(question.variable.name)}`:"
    yield from _quoted(question.text, details, "    | ")
    if question.form is not None:
        yield "  its answer must match:"
        yield from _quoted(question.form, details, "    | ")
    if question.earlier:
        yield f"  the answer before it is `{one_line(question.earlier)}`"


def _addition(addition: AdditionStory, details: Details) -> Iterator[str]:
    yield "added by the host:"
    for each in addition.inputs:
        yield from (f"  {line}" for line in _input(each, details))
    if addition.limits:
        yield f"  limits: {_amounts(addition.limits)}"


def _amounts(limits: Mapping[str, int | None]) -> str:
    return ", ".join(f"{one_line(name)} {'none' if each is None else f'{each:,}'}" for name, each in limits.items())


def _turn(turn: TurnStory, story: Story, details: Details) -> Iterator[str]:
    yield f"turn {turn.turn}, {_speaker(turn)}"
    if turn.held_back is not None:
        yield f"  the answer before it was not taken: {_remark(turn.held_back)}"
    if turn.speaker is not None and turn.speaker.error:
        yield f"  no reply: {one_line(turn.speaker.error)}"
        if turn.speaker.detail is not None:
            yield from _quoted(turn.speaker.detail, details, "    | ")
    if details.full and turn.reply is not None and turn.reply != turn.program:
        yield "  reply:"
        yield from _quoted(turn.reply, details, "    | ")
    if turn.program is not None:
        yield from _program(turn.program, details)
    for problem in turn.problems:
        yield f"  refused: {_problem(problem)}"
    for problem in turn.reading:
        yield f"  read: {_problem(problem)}"
    for remark in turn.remarks:
        yield f"  {_remark(remark)}"
    for step in turn.steps:
        yield from _step(step, story, details)


def _speaker(turn: TurnStory) -> str:
    if turn.speaker is None:
        return "controller (its call is not in the trace)" if turn.origin == "controller" else "host"
    speaker: SpeakerStory = turn.speaker
    cached = ", from a cache" if speaker.is_cached else ""
    asked = f", prompt of {speaker.prompt_bytes:,} bytes"
    return f"{one_line(speaker.role)} ({one_line(speaker.model)}): {_usage(speaker.usage)}{asked}{cached}"


def _usage(usage: Usage) -> str:
    tokens_in, tokens_out, cost = usage
    if (tokens_in, tokens_out, cost) == (None, None, None):
        return "usage unknown"
    words = [f"{'unknown' if tokens_in is None else f'{tokens_in:,}'} tokens in"]
    words.append(f"{'unknown' if tokens_out is None else f'{tokens_out:,}'} out")
    words.append("cost unknown" if cost is None else dollars(cost))
    return ", ".join(words)


def _program(program: Passage, details: Details) -> Iterator[str]:
    if program.absence:
        yield f"  program: {program.absence}"
        return
    lines = _lines_of(program.text)
    numbered = [f"{number:>5}  {line}" for number, line in enumerate(lines, 1)]
    # A program is what the run did: it is cut only where it is longer than anybody reads.
    yield from details.cut(numbered, 20 * _BRIEF_LINES)


def _problem(problem: ProblemStory) -> str:
    place = f"line {problem.line}: " if problem.line else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return one_line(f"{place}{problem.message}{hint}", 1_000)


def _remark(remark: RemarkStory) -> str:
    times = f", {remark.n:,} times" if remark.n > 1 else ""
    place = ""
    if remark.input:
        place = f", in {one_line(remark.input)}" + (f" on line {remark.line:,}" if remark.line else "")
    kind = "note" if remark.is_note else "warning"
    example = "" if remark.example is None else f": {one_line(str(remark.example))}"
    return f"{kind} {one_line(remark.code)} ({one_line(remark.meaning)}){times}{place}{example}"


def _step(step: StepStory, story: Story, details: Details) -> Iterator[str]:
    line = f", line {step.line}" if step.line else ""
    reads = f" reads {one_line(', '.join(step.reads))}" if step.reads else ""
    writes = ", ".join(f"{one_line(each.name)} ({one_line(each.kind)}, {each.size:,} bytes)" for each in step.writes)
    status = "" if step.status == "ok" else f"; {step.status} ({one_line(step.code)})"
    yield f"  step {step.step}{line}: {one_line(step.op)}{reads}{f' writes {writes}' if writes else ''}{status}"
    if step.calls:
        failed = f", {step.failed:,} failed" if step.failed else ""
        yield f"    calls: {step.calls:,}{failed}"
        yield from _calls(step, story, details)
    if step.observation is not None:
        yield from _quoted(step.observation, details, "    | ")
    if step.cut:
        yield f"    cut: {step.cut:,} bytes were not shown"
    for remark in step.remarks:
        yield f"    {_remark(remark)}"
    if details.full:
        for name, (shown, read, scanned) in step.coverage.items():
            yield f"    seen of {one_line(name)} by then: {shown:,} bytes shown, {read:,} read, {scanned:,} scanned"
        if step.used:
            yield f"    used: {', '.join(f'{one_line(name)} {amount:,}' for name, amount in step.used.items())}"


def _calls(step: StepStory, story: Story, details: Details) -> Iterator[str]:
    if step.op in _NESTING:
        # A run of its own is not one call among many, and its trace can be shown by its place.
        for call in story.calls(step.seq, "rlm"):
            if call.nested is not None:
                yield f"    nested run: {call.nested.status}, nested/{one_line(call.id)}.rlm"
    if not (details.prompts or details.answers or details.full):
        return
    for number, call in enumerate(story.calls(step.seq)):
        if number == _BRIEF_ITEMS and not details.full:
            yield f"    ... and {step.calls - number:,} more calls; --full shows all"
            return
        yield from _call(call, details)


def _call(call: CallStory, details: Details) -> Iterator[str]:
    whom = one_line(f"{call.role} ({call.model})" if call.model else call.role)
    words = [f"{call.kind} {whom}"]
    if call.kind == "lm":
        words.append(_usage(call.usage))
    if call.round:
        words.append(f"round {call.round + 1}")
    if call.is_cached:
        words.append("from a cache")
    if call.same_as:
        words.append(f"not made: it took the answer of {call.same_as[:8]}")
    if call.error:
        words.append(f"failed ({one_line(call.error)})")
    if call.nested is not None:
        nested = call.nested
        words.append(f"{one_line(nested.status)}{f' ({one_line(nested.reason)})' if nested.reason else ''}")
        words.append(f"root {one_line(nested.root) or 'none'}")
    yield f"    call {call.index} {call.id[:8]}: {', '.join(words)}"
    if details.prompts:
        yield f"      asked, {call.prompt_bytes:,} bytes:"
        yield from _quoted(Passage(prompt_text(call.prompt)), details, "      > ")
    if details.answers:
        answer = call.answer or call.detail
        if answer is not None:
            yield "      answered:" if call.answer is not None else "      said:"
            yield from _quoted(answer, details, "      < ")


def _ending(ending: Ending, details: Details) -> Iterator[str]:
    reason = f" ({one_line(ending.reason)})" if ending.reason else ""
    yield f"status: {ending.outcome}{reason}, after {ending.steps:,} steps"
    for remark in ending.remarks:
        yield f"  {_remark(remark)}"
    if ending.answer is not None:
        yield from _answer(ending.answer, details)


def _answer(answer: AnswerStory, details: Details) -> Iterator[str]:
    if answer.absence:
        yield f"answer: {answer.absence}"
        return
    yield "answer:"
    yield from _quoted(Passage(answer_text(answer.value)), details, "    | ")
    if answer.unshown:
        yield f"  made of what no observation had shown: {one_line(', '.join(answer.unshown))}"
    if not answer.evidence:
        return
    yield f"evidence, {answer.basis}: {answer.evidence_total:,}"
    lines = []
    for each in answer.evidence:
        place = ":".join(filter(None, (each.input, each.path, str(each.line or ""))))
        text = f": {each.text}" if each.text else ""
        lines.append(one_line(f"{place} bytes {each.start:,} to {each.stop:,} [{each.how}]{text}"))
    for line in details.cut(lines, _BRIEF_ITEMS):
        yield f"    {line}"


def _quoted(passage: Passage, details: Details, bar: str) -> Iterator[str]:
    """A text of the trace, each line behind a bar."""
    if passage.absence:
        yield f"{bar}[{passage.absence}]"
        return
    yield from (f"{bar}{line}" for line in details.cut(_lines_of(passage.text)))


def _lines_of(text: str) -> list[str]:
    # Not `splitlines`, which would end a line at characters that only look like an end to some.
    return text.rstrip("\n").split("\n")
