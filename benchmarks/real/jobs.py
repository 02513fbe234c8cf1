"""What the model is asked, and what the records say of its replies.

Three jobs: `classify` over mails, `extract` from one of them, and a controller over a log. Each writes a trace. A reply
that was cut off by its bound of tokens did not end by itself, and no decoder can answer for it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import rlmlite
from benchmarks.real.mails import LABELS, Mail, log
from rlmlite.clients import Calling, client
from rlmlite_grammar import parse
from rlmlite_kernel import ACTIONS, Parsed, Scope, all_problems, check
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.records import EffectRecord, Question, Step, Turn
from rlmlite_kernel.records.settings import Policy
from rlmlite_traces import verify
from rlmlite_traces.format.reader import CheckedTrace

CUT_OFF = "too_long"
"""How a call ends whose reply met its bound of tokens."""

GAPS = {"duplicate": "a name given twice", "too_deep": "nesting that is too deep", "regex": "a regex that is refused"}
"""What decision 0010 says that no grammar can rule out, by the code of the problem."""


class Replies(NamedTuple):
    """Replies of one job: how many, how many ended by themselves, how many of those have the right form.

    `gaps` counts programs that fail by what no grammar can say; `forms` counts how the calls were asked.
    """

    total: int
    ended: int
    right: int
    gaps: Counter[str]
    forms: Counter[str]


_Count: TypeAlias = Callable[[CheckedTrace], Replies]


class Report(NamedTuple):
    """A job that was run: what it was, its trace, what the product said, its replies."""

    name: str
    trace: Path
    root: str
    status: str
    said: list[str]
    replies: Replies


def run_classify(model: str, mails: list[Mail], folder: Path) -> Report:
    """Label each mail."""
    program = f'final(classify(context, "What is the mail about?", labels={_list(LABELS)}, batch=4))'
    outcome, told = _execute(program, [{"text": mail.text} for mail in mails], model, folder / "classify.rlm")
    said = told
    if isinstance(outcome.value, list):
        labels = [row["label"] for row in outcome.value]
        right = sum(label == mail.label for label, mail in zip(labels, mails, strict=True))
        said = [f"{right} of {len(mails)} labels are right, {labels.count(None)} are null", *told]
    return _report("classify", outcome, said, _replies_of_calls)


def run_extract(model: str, mails: list[Mail], folder: Path) -> Report:
    """Read values of a schema out of a mail, as rows."""
    program = 'final(extract({topic: "billing" | "technical" | "other", number: int, quote: str}, context))'
    outcome, told = _execute(program, [{"text": mail.text} for mail in mails], model, folder / "extract.rlm")
    return _report("extract", outcome, told, _replies_of_calls)


def run_controller(model: str, question: str, number: int, folder: Path) -> Report:
    """Answer a question over a log by programs."""
    told: list[str] = []
    calling = Calling(tell=told.append, timeout=900, max_output_tokens=160, prices={})
    outcome = rlmlite.run(
        question,
        log(140),
        controller=client(model, calling),
        trace=folder / f"controller-{number}.rlm",
        limits={"turns": 4},
    )
    return _report(f"controller: {question}", outcome, [f"answer: {outcome.value!r}", *told], _replies_of_controller)


def _execute(program: str, rows: list[dict[str, str]], model: str, trace: Path) -> tuple[rlmlite.Outcome, list[str]]:
    told: list[str] = []
    calling = Calling(tell=told.append, timeout=900, max_output_tokens=200)
    return rlmlite.execute(program, rows, sub=client(model, calling), trace=trace, workers=1), told


def _report(name: str, outcome: rlmlite.Outcome, said: list[str], count: _Count) -> Report:
    assert outcome.trace is not None
    assert outcome.root is not None
    status = f"{outcome.status} ({outcome.reason})" if outcome.reason else outcome.status
    said = [*said, *(notice.message for notice in (*outcome.warnings, *outcome.notes)), *outcome.failures]
    replies = count(verify(outcome.trace, outcome.root))
    return Report(name, outcome.trace, outcome.root, status, said, replies)


def _replies_of_calls(trace: CheckedTrace) -> Replies:
    """Replies of a sub model. The right form is one that the kernel took, at once or when it asked again."""
    calls = [call for at, record in enumerate(trace.records) if isinstance(record, Step) for call in trace.effects(at)]
    models = [call for call in calls if call.effect == "lm"]
    # A server is asked in words until it is known what it takes: no decoder answers for those.
    ended = [call for call in models if call.error != CUT_OFF and _form(call.sampling) != "words"]
    right = [call for call in ended if _is_json(call, trace)]
    return Replies(len(models), len(ended), len(right), Counter(), Counter(_form(call.sampling) for call in models))


def _is_json(call: EffectRecord, trace: CheckedTrace) -> bool:
    if call.result is None:
        return False
    try:
        json.loads(trace.content(call.result))
    except ValueError:
        return False
    return True


def _replies_of_controller(trace: CheckedTrace) -> Replies:
    """Replies of a controller. The right form is a program that parses and checks with the variables of its turn."""
    total = ended = right = 0
    gaps: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    for turn, names in _turns(trace):
        assert turn.call is not None
        total += 1
        forms[_form(turn.call.sampling)] += 1
        if turn.call.error == CUT_OFF:
            continue
        ended += 1
        problems = [] if turn.reply is None else _problems(trace.content(turn.reply).decode(), names, trace)
        right += turn.reply is not None and not problems
        gaps.update(GAPS.get(problem.code, f"{problem.code}: {problem.message}") for problem in problems[:1])
    return Replies(total, ended, right, gaps, forms)


def _turns(trace: CheckedTrace) -> Iterator[tuple[Turn, frozenset[str]]]:
    """The turns of a controller, each with the variables before it."""
    names = {entry.name for entry in trace.genesis.inputs}
    for record in trace.records:
        if isinstance(record, Question):
            names.add(record.writes.name)
        elif isinstance(record, Step):
            names |= {written.name for written in record.writes}
        elif isinstance(record, Turn) and record.call is not None:
            yield record, frozenset(names)


def _problems(reply: str, names: frozenset[str], trace: CheckedTrace) -> list[Problem]:
    said = parse(reply)
    if not isinstance(said, Parsed):
        return list(said.problems)
    inputs = frozenset(entry.name for entry in trace.genesis.inputs)
    return all_problems(check(said, Scope(names, inputs, ACTIONS, Policy())))


def _form(sampling: dict[str, str]) -> str:
    return sampling.get("decode") or sampling.get("form") or "words"


def _list(words: tuple[str, ...]) -> str:
    return json.dumps(list(words))
