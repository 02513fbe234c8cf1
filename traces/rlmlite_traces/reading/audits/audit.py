"""An audit: what ran, on what, within which bounds, and of each claim whether it could be checked here.

    check        the seal                    holds
    check        flag 4                      unknown: programs use time and memory without a charge
    input        log, app.log                holds: its content is here, and has the recorded digest
    step 7       sub_lm                      unknown: it needs `log`, which is not here
    evidence     log:17, bytes 840 to 871    holds: the text stands there

What a trace says is taken from its story. What executing it again has found, and the contents of inputs, come from the
caller (`Rerun`): without them the same audit is made, and says `unknown` where it needs them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from rlmlite_kernel.records.evolution import FLAGS, GUARDS
from rlmlite_kernel.records.records import Addition, Step, Turn
from rlmlite_kernel.records.settings import Limits
from rlmlite_traces.format import referenced
from rlmlite_traces.format.reader import Level
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.audits.findings import (
    FAILS,
    HOLDS,
    UNKNOWN,
    ApprovalAudit,
    Audit,
    BudgetAudit,
    Check,
    EvidenceAudit,
    InputAudit,
    StepAudit,
)
from rlmlite_traces.reading.lineage import InputsBehind
from rlmlite_traces.reading.nested.walk import Standing, nested_traces
from rlmlite_traces.reading.parts.calls import prompt_text
from rlmlite_traces.reading.parts.chapters import EvidenceStory, InputStory, PromptPart, RedactionStory
from rlmlite_traces.reading.parts.passages import REDACTED, Passage
from rlmlite_traces.reading.story import Story

_VERBATIM = ("verbatim",)
_OF_UNAVAILABLE = "it reads what a step made that could not be executed again"


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """What executing a trace again has found.

    `executed` are the first so many steps: they were executed and compared, but for those that are `unavailable` for
    the want of a file, by number, each with its path, or with nothing where it reads what such a step made.
    `difference` is the number of the first record that differs, and in what; `is_excused`: another version of an engine
    may be why. `missing` says of inputs why they are not here, `unchecked` what else was left out, and why. `content`
    gives the content with a SHA-256, if it is at hand.
    """

    executed: int
    difference: tuple[int, str] | None = None
    is_excused: bool = False
    missing: Mapping[str, str] = {}
    unavailable: Mapping[int, str] = {}
    unchecked: Mapping[str, str] = {}
    stopped: str = ""
    content: Callable[[str], bytes | None] = lambda _: None


def audit_of(
    story: Story, path: Path | None = None, rerun: Rerun | None = None, limits: ReaderLimits = READER_LIMITS
) -> Audit:
    """The audit of a trace, whose nested runs are below `path`. Raises `OverLimitError`."""
    beginning, settings = story.beginning, story.beginning.settings
    rerun = None if rerun is None else _excuse(rerun, story)
    turns = [record for record in story.trace.records if isinstance(record, Turn)]
    policy: dict[str, object] = {} if settings is None else msgspec.to_builtins(settings.policy)
    return Audit(
        root=story.trace.root,
        level=story.trace.level.name,
        run=beginning.run,
        kernel=beginning.kernel,
        questions=story.questions,
        outcome="" if story.ending is None else story.ending.outcome,
        reason="" if story.ending is None else story.ending.reason,
        host_turns=sum(turn.origin == "host" for turn in turns),
        controller_turns=sum(turn.origin != "host" for turn in turns),
        models={} if settings is None else {name: role.model for name, role in settings.roles.items()},
        gates=() if settings is None else settings.gates,
        policy=policy,
        checks=tuple(_checks(story, path, rerun, limits)),
        inputs=tuple(_input(each, rerun) for each in story.inputs),
        budgets=_budgets(story),
        approvals=tuple(_approvals(story)),
        redactions=tuple(_redactions(story)),
        steps=tuple(_steps(story, rerun)),
        evidence=tuple(_evidence(story, rerun)),
    )


def _excuse(rerun: Rerun, story: Story) -> Rerun:
    """A record that names what was redacted cannot be made again: that it differs then shows nothing."""
    if rerun.difference is None:
        return rerun
    seq = rerun.difference[0]
    trace = story.trace
    named = {*referenced.of_record(trace.records[seq])} if seq < trace.size else set()
    named |= {ref for call in trace.effects(seq) for ref in referenced.of_effect(call)} if seq < trace.size else set()
    if any(story.passages.absence(ref) == REDACTED for ref in named):
        return msgspec.structs.replace(
            rerun, difference=(seq, "it names what was redacted, so it cannot be made again"), is_excused=True
        )
    return rerun


def _checks(story: Story, path: Path | None, rerun: Rerun | None, limits: ReaderLimits) -> Iterator[Check]:
    yield Check(what="every line, hash and content is what the others commit to", standing=HOLDS)
    if story.trace.level is Level.SEALED:
        yield Check(what="the seal: nothing follows, and the run ended as it says", standing=HOLDS)
    else:
        why = "there is none: the run goes on, was stopped, or its end was cut off"
        yield Check(what="the seal", standing=UNKNOWN, why=why)
    for file, size in story.lost.items():
        yield Check(what=f"the end of {file}", standing=UNKNOWN, why=f"its last {size:,} bytes are unfinished")
    for name in story.trace.extra:
        yield Check(what=f"the file {name}", standing=UNKNOWN, why="it is not part of the trace")
    for flag, what in GUARDS.items():
        if flag not in story.beginning.flags:
            yield Check(what=f"the guard of flag {flag}", standing=UNKNOWN, why=f"without it, a run may let {what}")
    if story.beginning.settings is None:
        why = f"the settings are {story.beginning.absence}"
        yield Check(what="limits, roles, tools and policy", standing=UNKNOWN, why=why)
    unknown = [flag for flag in story.beginning.flags if flag not in FLAGS]
    if unknown:
        yield Check(what=f"the meaning of flags {unknown}", standing=UNKNOWN, why="this version does not know them")
    yield from _rerun_checks(rerun)
    yield from () if path is None else _nested(story, path, limits)


def _rerun_checks(rerun: Rerun | None) -> Iterator[Check]:
    if rerun is None:
        yield Check(what="that the kernel computes what is recorded", standing=UNKNOWN, why="it was not executed again")
        return
    if rerun.difference is not None:
        seq, what = rerun.difference
        standing = UNKNOWN if rerun.is_excused else FAILS
        yield Check(what=f"record {seq} is what the kernel computes", standing=standing, why=what)
    for name, why in rerun.unchecked.items():
        yield Check(what=f"{name}, made again", standing=UNKNOWN, why=why)
    if rerun.stopped:
        yield Check(what="the whole run, executed again", standing=UNKNOWN, why=rerun.stopped)


def _nested(story: Story, path: Path, limits: ReaderLimits) -> Iterator[Check]:
    standings = {Standing.SAME: HOLDS, Standing.ABSENT: UNKNOWN, Standing.DIFFERS: FAILS}
    for each in nested_traces(story.trace, path, limits):
        why = each.reason or ("its trace is not here" if each.standing is Standing.ABSENT else "")
        what = f"nested run {each.id} is the recorded one"
        yield Check(what=what, standing=standings[each.standing], why=why)


def _input(each: InputStory, rerun: Rerun | None) -> InputAudit:
    if each.absence:
        return InputAudit(input=each, standing=UNKNOWN, why=f"where it came from is {each.absence}")
    if each.content:
        return InputAudit(input=each, standing=HOLDS, why="the trace holds it")
    if rerun is None:
        return InputAudit(input=each, standing=UNKNOWN, why="it was not looked for")
    if each.name in rerun.missing:
        return InputAudit(input=each, standing=UNKNOWN, why=rerun.missing[each.name])
    if all(rerun.content(file.digest) is not None for file in each.files):
        return InputAudit(input=each, standing=HOLDS, why="its content is here, and has the recorded digest")
    return InputAudit(input=each, standing=UNKNOWN, why="its content was not needed, and not read")


def _budgets(story: Story) -> dict[str, BudgetAudit]:
    """What was given and used of each budget that records charge. What is held at one time is no sum, and left out."""
    used: Counter[str] = Counter()
    given: dict[str, int | None] = {}
    settings = story.beginning.settings
    if settings is not None:
        given = {name: getattr(settings.limits, name) for name in Limits.__struct_fields__}
    for record in story.trace.records:
        if isinstance(record, Turn | Step):
            used.update(record.used)
        elif isinstance(record, Addition):
            given |= record.limits
    # Those that a run has none of are told too: that nothing was spent is an answer.
    told = {*used, "turns", "steps", "sub_calls", "tool_calls", "tokens", "cost_nano"} - {"value_bytes"}
    used["steps"] = sum(isinstance(record, Step) for record in story.trace.records)
    return {name: BudgetAudit(limit=given.get(name), used=used[name]) for name in sorted(told)}


def _approvals(story: Story) -> Iterator[ApprovalAudit]:
    for seq, record in enumerate(story.trace.records):
        if not isinstance(record, Step) or record.effects is None:
            continue
        for call in story.calls(seq, "approve"):
            answer = "" if call.answer is None else call.answer.text
            yield ApprovalAudit(
                step=record.step,
                tool=call.role,
                asked=_asked(call.prompt),
                answer=call.answer,
                is_approved=_says_yes(answer),
                error=call.error,
            )


def _asked(parts: tuple[PromptPart, ...]) -> Passage:
    """What somebody was asked: one part, as it was recorded; a stranger may have written none, or several."""
    if len(parts) == 1:
        return parts[0].text
    text = prompt_text(parts)
    return Passage(text, len(text.encode()))


def _says_yes(answer: str) -> bool:
    try:
        return bool(msgspec.json.decode(answer, type=_Approved).approved)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


class _Approved(msgspec.Struct, frozen=True):
    approved: bool = False


def _redactions(story: Story) -> Iterator[str]:
    for chapter in story.chapters():
        if isinstance(chapter, RedactionStory):
            who = f" by {chapter.who}" if chapter.who else ""
            yield f"record {chapter.seq}: {chapter.contents:,} contents{who}: {chapter.reason}"


def _steps(story: Story, rerun: Rerun | None) -> Iterator[StepAudit]:
    """Each step with its standing. Steps are executed in order, so those that were are the first ones."""
    behind = InputsBehind(story.trace.records, (each.name for each in story.inputs))
    done = 0
    for seq, record in enumerate(story.trace.records):
        if isinstance(record, Step):
            standing, why = HOLDS, ""
            if rerun is not None and record.step in rerun.unavailable:
                path = rerun.unavailable[record.step]
                standing, why = UNKNOWN, f"it needs {path}, which is not here" if path else _OF_UNAVAILABLE
            elif rerun is None or done >= rerun.executed:
                standing, why = _standing_of_step(record, seq, behind.of(record.reads), rerun)
            done += 1
            yield StepAudit(
                turn=record.turn, step=record.step, op=record.op, status=record.status, standing=standing, why=why
            )
        behind.pass_over(record)


def _standing_of_step(step: Step, seq: int, inputs: frozenset[str], rerun: Rerun | None) -> tuple[str, str]:
    """Why a step was not executed again, or in what it differs."""
    if rerun is None:
        return UNKNOWN, "it was not executed again"
    if rerun.difference is not None and seq == rerun.difference[0]:
        return (UNKNOWN if rerun.is_excused else FAILS), rerun.difference[1]
    lacking = sorted(inputs & rerun.missing.keys())
    if lacking:
        return UNKNOWN, f"it needs {', '.join(lacking)}, which is not at hand"
    return UNKNOWN, rerun.stopped or "its turn, or one before it, could not be executed again as a whole"


def _evidence(story: Story, rerun: Rerun | None) -> Iterator[EvidenceAudit]:
    if story.ending is None or story.ending.answer is None:
        return
    digests = {(each.name, file.path): file.digest for each in story.inputs for file in each.files}
    kinds = {each.name: each.kind for each in story.inputs}
    for each in story.ending.answer.evidence:
        standing, why = _standing_of_evidence(each, digests, kinds, rerun)
        yield EvidenceAudit(evidence=each, standing=standing, why=why)


def _standing_of_evidence(
    each: EvidenceStory, digests: Mapping[tuple[str, str], str], kinds: Mapping[str, str], rerun: Rerun | None
) -> tuple[str, str]:
    if not each.input:
        return UNKNOWN, "the run itself found it in no input"
    if rerun is None:
        return UNKNOWN, "inputs were not looked for"
    digest = digests.get((each.input, each.path)) or _only(digests, each.input)
    content = None if digest is None else rerun.content(digest)
    if content is None or kinds.get(each.input) not in ("text", "documents"):
        return UNKNOWN, f"the text of {each.input} is not at hand"
    if not 0 <= each.start <= each.stop <= len(content):
        return FAILS, f"the text has {len(content):,} bytes"
    there = content[each.start : each.stop].decode("utf-8", "replace")
    if each.text and each.how in _VERBATIM and not there.startswith(each.text):
        return FAILS, "another text stands there"
    return HOLDS, "the text stands there" if each.text else "the place is in the text; what it says, no record repeats"


def _only(digests: Mapping[tuple[str, str], str], name: str) -> str | None:
    """The digest of an input that is one text, under whatever path it was evidence."""
    found = [digest for (input_, _), digest in digests.items() if input_ == name]
    return found[0] if len(found) == 1 else None
