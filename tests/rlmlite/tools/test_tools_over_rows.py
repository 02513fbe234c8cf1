"""tool_over_rows: a call for each row, judged one by one and before the first; what fails stands aside."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite import Approval, Limits, execute, tool
from rlmlite_kernel.records.settings import Policy, ToolRule
from rlmlite_traces import Verdict, replay, verify

ROWS = [{"id": "a", "to": "ann"}, {"id": "b", "to": "bob"}, {"id": "c", "to": "cid"}]


class Post:
    """Two tools that note what they were told: one looks something up, one sends."""

    def __init__(self, slow: str = "", failing: tuple[str, ...] = ()) -> None:
        self.calls: list[str] = []
        self._slow, self._failing = slow, failing

    def tools(self) -> list[Any]:
        @tool(side_effects=False)
        def look(id: str) -> dict[str, str]:
            """Looks something up."""
            return {"found": self._answer(id)}

        @tool
        def send(to: str, body: str = "-") -> str:
            """Sends."""
            return self._answer(f"{to}{body}")

        return [look, send]

    def _answer(self, word: str) -> str:
        if word == self._slow:
            time.sleep(0.05)
        self.calls.append(word)
        if word in self._failing:
            raise ValueError("no such thing")
        return word.upper()


@pytest.mark.parametrize(
    "call",
    [
        'tool_over_rows(rows, "look", {id: .id})',
        "tool_over_rows(rows, look, {id: .id})",
        "tool_over_rows(rows, look, .id)",
        "tool_over_rows(rows, look)",
        "tool_over_rows(rows, name)",
    ],
)
def test_each_row_has_a_call_and_keeps_its_place(call: str) -> None:
    """The name is a text, bare or a variable; arguments are fields, or the fields that are called as they are."""
    outcome = execute(
        f"r = {call}\nfinal(r)", {"rows": ROWS, "name": "look"}, tools=Post(slow="a").tools(), trace=False
    )

    assert outcome.status == "completed"
    assert outcome.value == [{**row, "result": {"found": row["id"].upper()}} for row in ROWS]


def test_tools_with_side_effects_are_called_in_the_order_of_the_rows() -> None:
    """One at a time, however long the first of them takes."""
    post = Post(slow="ann1")
    program = "r = tool_over_rows(rows, send, {to: .to, body: str(1)})\nfinal(r.result)"
    outcome = execute(program, {"rows": ROWS}, tools=post.tools(), approve=lambda call: True, trace=False)

    assert post.calls == ["ann1", "bob1", "cid1"]
    assert outcome.value == ["ANN1", "BOB1", "CID1"]


def test_what_fails_stands_aside_and_is_said(tmp_path: Path) -> None:
    """Its result is null, `.failed` has the row and why, the answer is partial, and the tool's words are quoted."""
    program = "r = tool_over_rows(rows, look)\nfinal([r.result, r.failed])"
    outcome = execute(program, {"rows": ROWS}, tools=Post(failing=("b",)).tools(), trace=tmp_path / "t.rlm")

    assert (outcome.status, outcome.reason) == ("partial", "calls_failed")
    assert outcome.value == [[{"found": "A"}, None, {"found": "C"}], [{"index": 1, "error": "raised"}]]
    assert "1 of 3 calls failed (1 raised)" in outcome.observation
    assert "from=quoted>\nValueError: no such thing" in outcome.observation
    assert replay(verify(tmp_path / "t.rlm")).verdict is Verdict.REPRODUCED


def test_without_any_result_the_step_fails() -> None:
    """As a fan-out of model calls does."""
    outcome = execute("r = tool_over_rows(rows, look)", {"rows": ROWS}, tools=Post(failing=("a", "b", "c")).tools())

    assert (outcome.status, outcome.reason) == ("failed", "calls_failed")


@pytest.mark.parametrize("name", ["look", "send"])
@pytest.mark.parametrize("by", ["budget", "rule"])
@pytest.mark.parametrize("left", [2, 3, 4])
def test_calls_that_do_not_fit_are_refused_as_a_whole(name: str, by: str, left: int) -> None:
    """By the run's budget, or by the policy's count: no call is made, and nobody is asked to approve of one."""
    post, asked = Post(), list[Approval]()

    def approve(approval: Approval) -> bool:
        asked.append(approval)
        return True

    rules = {name: ToolRule(rule="ask" if name == "send" else "allow", otherwise="ask", calls=left)}
    outcome = execute(
        f"r = tool_over_rows(rows, {name})\nfinal(r.result)",
        {"rows": ROWS},
        tools=post.tools(),
        approve=approve,
        limits=Limits(tool_calls=left) if by == "budget" else Limits(),
        policy=Policy(tools=rules) if by == "rule" else Policy(),
        trace=False,
    )

    fits = left >= 3
    assert len(post.calls) == (3 if fits else 0)
    assert len(asked) == (3 if fits and name == "send" else 0)
    assert fits or f"3 rows x 1 call{f' of `{name}`' if by == 'rule' else ''} > 2" in outcome.observation


def test_each_call_is_approved_by_itself() -> None:
    """With its own arguments and where they come from; a row that is refused is not called, and says `denied`."""
    post, asked = Post(), list[Approval]()

    def approve(approval: Approval) -> bool:
        asked.append(approval)
        return bool(approval.arguments["to"] != "bob")

    program = 'r = tool_over_rows(rows, send, {to: .to, body: "x"})\nfinal([r.result, r.failed])'
    outcome = execute(program, {"rows": ROWS}, tools=post.tools(), approve=approve, trace=False)

    assert post.calls == ["annx", "cidx"]
    assert outcome.value == [["ANNX", None, "CIDX"], [{"index": 1, "error": "denied"}]]
    assert [each.arguments for each in asked] == [{"to": row["to"], "body": "x"} for row in ROWS]
    assert asked[0].origins == {"to": ("input",), "body": ("controller",)}
    assert asked[0].reasons == ("the call itself comes from input", "to comes from input")


def test_nobody_to_ask_denies_all() -> None:
    """A tool with side effects over rows of an input is chosen by that input."""
    post = Post()
    outcome = execute("r = tool_over_rows(rows, send)", {"rows": ROWS}, tools=post.tools(), trace=False)

    assert (outcome.reason, post.calls) == ("denied", [])


def test_what_is_withheld_from_a_tool_reaches_it_by_no_row() -> None:
    """Not by a field, nor by how many rows there are."""
    for program in ("r = tool_over_rows(rows, look)", 'r = tool_over_rows(rows, look, {id: "x"})'):
        post = Post()
        policy = Policy(egress={"rows": ("scripted:*",)})
        outcome = execute(program, {"rows": ROWS}, tools=post.tools(), policy=policy, trace=False)

        assert (outcome.reason, post.calls) == ("egress", [])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('tool_over_rows(rows, "nope")', "unknown_name"),
        ("tool_over_rows(rows, nope)", "unknown_name"),
        ("tool_over_rows(rows, search)", "unknown_name"),
        ("tool_over_rows(rows, look, {part: .id})", "arguments"),
        ("tool_over_rows(rows, look, {})", "arguments"),
        ("tool_over_rows(rows, send, .to)", "arguments"),
        ("tool_over_rows([1, 2], look)", "arguments"),
        ("tool_over_rows(3, look)", "type"),
        ("map(rows, look(id=.id))", "type"),
    ],
)
def test_what_is_no_call_is_refused(call: str, code: str) -> None:
    """With what there is to write instead."""
    post = Post()
    outcome = execute(f"r = {call}", {"rows": ROWS}, tools=post.tools(), trace=False)

    assert (outcome.reason, post.calls) == (code, [])


def test_no_rows_are_no_calls() -> None:
    """The result is empty, and nothing has failed."""
    program = "r = tool_over_rows(where(rows, .id == 1), look)\nfinal([count(r), count(r.failed)])"
    outcome = execute(program, {"rows": ROWS}, tools=Post().tools(), trace=False)

    assert (outcome.value, outcome.failures) == ([0, 0], ())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=5), st.booleans())
def test_results_stay_in_line_with_their_rows(rows: list[tuple[int, bool]], in_turn: bool) -> None:
    """Whatever fails, of rows that are equal too: each has its own call, and an error where that failed."""
    failing = tuple({f"{n}-" if in_turn else str(n) for n, fails in rows if fails})
    table = [{"id": str(n), "to": str(n)} for n, _ in rows]
    fails = [(f"{row['to']}-" if in_turn else row["id"]) in failing for row in table]
    outcome = execute(
        f"r = tool_over_rows(rows, {'send' if in_turn else 'look'})\nfinal([r.result, r.failed.index])",
        {"rows": table},
        tools=Post(failing=failing).tools(),
        approve=lambda call: True,
        trace=False,
    )
    if all(fails) and fails:
        assert outcome.reason == "calls_failed"
        return

    results, failed = outcome.value
    made = [row["to"] + "-" if in_turn else {"found": row["id"]} for row in table]
    assert results == [None if fails[at] else result for at, result in enumerate(made)]
    assert failed == [at for at, each in enumerate(fails) if each]
