"""What a verdict does: a round of approval before the call, a denial as a receipt, budgets of calls."""

import pytest

from rlmlite_kernel import (
    Done,
    Limits,
    MemoryBlobs,
    Role,
    advance,
    begin,
)
from rlmlite_kernel.records.settings import Policy, Settings, ToolRule
from rlmlite_kernel.testing.play.turns import KEY
from tests.guard.bench import NO, TOOLS, YES, Bench
from tests.kernel.machine import parse_program


def test_an_approval_is_a_round_before_the_call() -> None:
    """Both are in the receipt, in that order, under ids of their own; a no ends the step."""
    bench = Bench({"log": "words"}, approve=YES)

    assert bench.turn('x = send(to="a", body=str(log))') == ["", ""]
    assert bench.kinds() == ["approve", "tool"]
    lines = bench.entries[-1].effects
    assert [(line.effect, line.index, line.error) for line in lines] == [("approve", 0, ""), ("tool", 1, "")]
    assert len({line.id for line in lines}) == 2

    bench.approve = NO
    assert bench.turn('y = send(to="b", body=str(log))') == ["", "denied"]
    assert bench.kinds() == ["approve", "tool", "approve"]
    assert [line.effect for line in bench.entries[-1].effects] == ["approve"]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "yes",
        "true",
        "[true]",
        '{"approved": "true"}',
        '{"approved": 1}',
        '{"Approved": true}',
        "null",
        "{",
        "x" * 99,
    ],
)
def test_only_an_explicit_yes_is_a_yes(said: str) -> None:
    """Any other answer of an approver is a no, and does not fail the run."""
    bench = Bench({"log": "words"}, approve=said)

    assert bench.turn("send(to=log)") == ["denied"]
    assert bench.kinds() == ["approve"]


@pytest.mark.parametrize(("limit", "made"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3)])
def test_tool_budgets_hold(limit: int, made: int) -> None:
    """The budgets of the run and of the policy hold at, below and above their limit; an approval costs none."""
    program = "\n".join('send(to="a")' for _ in range(3))
    by_run = Bench(limits=Limits(tool_calls=limit))
    by_policy = Bench(policy=Policy(tools={"send": ToolRule(rule="ask", calls=limit)}), approve=YES)

    assert by_run.turn(program) == [""] * made + ["budget"] * (3 - made)
    assert by_policy.turn(program) == [""] * made + ["budget"] * (3 - made)
    assert by_policy.kinds() == ["approve", "tool"] * made
    assert by_policy.done.state.used.get("tool_calls", 0) == made


def test_a_denial_is_recorded_as_a_step() -> None:
    """It is a step with its own code and without a call, and the run goes on."""
    bench = Bench(policy=Policy(tools={"look": ToolRule()}))

    assert bench.turn('send(to="a")\nx = look(key="k")') == ["denied", ""]
    assert bench.kinds() == ["tool"]
    assert bench.asked[0].role == "look"


def test_a_nested_run_has_its_share_of_a_tools_calls() -> None:
    """Its calls come out of its parent's budget, and those that it does not make go back."""
    role = Role(model="m:1", input_price=0, output_price=0)
    bench = Bench(
        {"log": "words"},
        policy=Policy(tools={"*": ToolRule(rule="ask", calls=4)}),
        roles={"controller": role, "sub": role},
        approve=YES,
    )
    assert bench.turn('send(to="a")\nsend(to="b")') == ["", ""]
    bench.turn('x = sub_rlm("Send it", share=0.5, context=log)')
    (request,) = [request for request in bench.asked if request.kind == "rlm"]

    assert request.nested is not None
    tools = request.nested.settings.policy.tools
    assert tools is not None
    assert tools["send"].calls == 1
    assert tools["look"].calls == 2
    assert bench.done.state.used["tool_calls.send"] == 3  # nobody saw what the nested run did with its share


def test_the_order_in_which_tools_are_given_changes_nothing() -> None:
    """A replay finds tools by name; messages and the table are the same."""
    observed = set()
    for order in (["send", "look"], ["look", "send"]):
        blobs = MemoryBlobs()
        chosen = Settings(tools={name: TOOLS[name] for name in order})
        done = begin({}, chosen, KEY)
        after = advance(done.state, parse_program('tool_call("nope", {})'), blobs)
        assert isinstance(after, Done)
        observed.add((after.observation, after.state.digest, tuple(after.state.run.table)))

    assert len(observed) == 1
