"""explore_over_rows: a nested run for each row, equal parts of the budgets for all of them, failures aside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Limits, Outcome, Scripted
from rlmlite_kernel import Request, Settings
from rlmlite_kernel.actions.calls.nested_settings import SHARED
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.records import EffectRecord
from rlmlite_kernel.records.settings import Policy
from rlmlite_traces import CheckedTrace, Standing, Verdict, nested_traces, replay, verify

FILES = {f"{n}.txt": f"file {n}\n" + f"ERROR {n}\n" * (n + 1) for n in range(8)}
ASK = 'r = explore_over_rows(docs, "How many errors in {path}?")\nfinal(r.answer)'
COUNT = 'h = search(context, "ERROR")\nfinal(count(h), evidence=h)'

Inner = Callable[[str, Request], "str | Result"]


def count_errors(prompt: str, request: Request) -> str:
    """What the controller of a nested run says."""
    return COUNT


def ask(outer: str, inner: Inner = count_errors, inputs: Any = None, **settings: Any) -> Outcome:
    inputs = {"docs": FILES} if inputs is None else inputs
    controllers = {"controller": Scripted([outer]), "nested": Scripted(inner)}
    return rlmlite.run("What?", inputs, **{**controllers, "trace": False, **settings})


def calls(trace: CheckedTrace) -> list[EffectRecord]:
    return [call for seq in range(trace.size) for call in trace.effects(seq) if call.effect == "rlm"]


def test_eight_rows_at_default_limits_have_equal_parts(tmp_path: Path) -> None:
    """Each answer is in line with its row; all have the same limits, which are fixed before the first begins."""
    outcome = ask(ASK, trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.value) == ("completed", [n + 1 for n in range(8)])
    trace = verify(tmp_path / "t.rlm")
    found = list(nested_traces(trace, tmp_path / "t.rlm"))
    assert [each.standing for each in found] == [Standing.SAME] * 8
    limits = {_limits(each.trace) for each in found if each.trace is not None}
    assert len(limits) == 1
    assert dict(next(iter(limits)))["turns"] >= 2
    assert replay(trace).verdict is Verdict.REPRODUCED


def _limits(trace: CheckedTrace) -> tuple[tuple[str, int], ...]:
    import msgspec

    settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    return tuple((name, getattr(settings.limits, name)) for name in SHARED)


def test_each_run_has_its_row_and_the_record_says_so(tmp_path: Path) -> None:
    """The call of each has the commitment to its own input, and the question with its own field."""
    asked: list[str] = []

    def says(prompt: str, request: Request) -> str:
        asked.append(prompt.split("# Question\n")[-1].split("\n")[0])
        return COUNT

    ask(ASK, says, trace=tmp_path / "t.rlm")

    recorded = calls(verify(tmp_path / "t.rlm"))
    assert len({call.inputs["context"] for call in recorded}) == 8
    assert len(set(asked)) == 8


def test_a_run_without_an_answer_stands_aside() -> None:
    """Its answer is null, `.failed` has the row, and the answer is partial."""

    def says(prompt: str, request: Request) -> str:
        return "no idea" if "5.txt" in prompt else COUNT

    outcome = ask('r = explore_over_rows(docs, "Errors in {path}?")\nfinal([r.answer, r.failed])', says)

    assert outcome.status == "partial"
    assert outcome.value == [[1, 2, 3, 4, 5, None, 7, 8], [{"index": 5, "error": "no_answer"}]]


def test_evidence_and_coverage_of_the_runs_are_the_parents() -> None:
    """What they have found are places in the parent's inputs."""
    outcome = ask('r = explore_over_rows(docs, "Errors in {path}?")\nfinal(r[2].answer)')

    assert outcome.coverage["docs"]["scanned"] > 0
    quoted = [each for each in outcome.evidence if each.path == "2.txt"]
    assert any("ERROR 2" in each.text for each in quoted)


@pytest.mark.parametrize("share", ["0.2", "0.9", "1"])
def test_runs_that_cannot_have_a_turn_each_are_refused_as_a_whole(share: str) -> None:
    """None begins, and the message says what each would have."""
    begun: list[str] = []

    def says(prompt: str, request: Request) -> str:
        begun.append(prompt)
        return COUNT

    program = f'r = explore_over_rows(docs, "Errors?", share={share})\nshow(count(r))\nfinal(1)'
    fitting = ask(program, says, limits=Limits(turns=100))
    outcome = ask(program, says, limits=Limits(turns=7))

    assert fitting.value == 1
    assert len(begun) == 8
    assert "less than one for each of 8 nested runs" in outcome.observation


def test_no_budget_is_passed_by_all_together(tmp_path: Path) -> None:
    """What is charged for the runs is what they used, and no more than the share that was reserved."""

    def says(prompt: str, request: Request) -> str:
        return 'a = sub_lm("{context}?")\nb = sub_lm("{context}!")\nfinal(a)'

    sub = Scripted(lambda prompt, request: "fine")
    outcome = ask(ASK, says, sub=sub, limits=Limits(sub_calls=20), trace=tmp_path / "t.rlm")

    used = [call.child.used.get("sub_calls", 0) for call in calls(verify(tmp_path / "t.rlm")) if call.child]
    assert used == [2] * 8
    assert outcome.value == ["fine"] * 8


@pytest.mark.parametrize(
    ("arguments", "inner"),
    [
        ("{context: .text, rule: rule}", 'final(context + "|" + rule)'),
        (".text, rule=rule", 'final(context + "|" + rule)'),
        ("rule=rule", 'final(context.text + "|" + rule)'),
    ],
)
def test_what_a_row_gives_its_run_can_be_said(arguments: str, inner: str) -> None:
    """Fields by name, one expression as `context`, and inputs that are the same for all."""
    inputs = {"rows": [{"text": "ab", "n": 1}, {"text": "cde", "n": 2}], "rule": "R"}
    program = f'r = explore_over_rows(rows, "How long?", {arguments})\nfinal(r.answer)'

    assert ask(program, lambda prompt, request: inner, inputs).value == ["ab|R", "cde|R"]


def test_rules_of_inputs_hold_in_every_run() -> None:
    """A question that a controller may not be sent is asked in no run."""
    policy = Policy(egress={"docs": ("openai:*",)})
    outcome = ask(ASK, policy=policy)

    assert outcome.status != "completed"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('explore_over_rows(3, "q")', "type"),
        ('explore_over_rows(docs, "{nothing}?")', "template"),
        ('explore_over_rows(docs, "q", share=0)', "bound"),
        ('explore_over_rows([1, 2], "q")', "type"),
        ('map(docs, sub_rlm("q", context=.text))', "type"),
    ],
)
def test_what_cannot_be_asked_is_refused(call: str, code: str) -> None:
    """Before any run begins."""
    assert code in ask(f"r = {call}").failures


def test_no_rows_are_no_runs() -> None:
    """However little is left."""
    outcome = ask('r = explore_over_rows(where(docs, .path == "no"), "q")\nfinal(count(r))', limits=Limits(turns=3))

    assert outcome.value == 0
