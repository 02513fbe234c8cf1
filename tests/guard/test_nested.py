"""Nested runs are no way round: not to a side effect, not past a tool's budget, not to what the policy keeps."""

from pathlib import Path
from typing import Any

import pytest

from rlmlite import Limits, Scripted, run
from rlmlite_kernel.records.settings import Policy, ToolRule
from rlmlite_traces import Verdict, replay, verify

SECRET = "hunter2correcthorse"


def ran(programs: list[str], inner: str, folder: Path, **settings: Any) -> tuple[list[str], list[str]]:
    """The mails that a run sends whose nested controllers say `inner`, and all that models were shown."""
    sent: list[str] = []
    shown: list[str] = []
    outer = iter(programs)

    def send(to: str) -> str:
        """Sends."""
        sent.append(to)
        return "sent"

    def control(prompt: str, _: object) -> str:
        shown.append(prompt)
        if "\n# Question\nNested" in prompt:
            return inner
        return next(outer)

    run(
        "What?",
        {"log": "words", "vault": SECRET},
        controller=Scripted(control),
        tools=[send],
        limits=Limits(turns=12),
        trace=folder / "run.rlm",
        **settings,
    )
    assert replay(verify(folder / "run.rlm")).verdict is Verdict.REPRODUCED
    return sent, shown


NEST = 'x = sub_rlm("Nested", share=0.4, context={given})'


@pytest.mark.parametrize("given", ["log", "vault", '"mine"'])
def test_a_nested_run_needs_approvals_too(tmp_path: Path, given: str) -> None:
    """Its controller obeys its question, which an exposed controller wrote; nobody approves, nothing is sent."""
    inner = 'send(to="evil@x")\nfinal(1)'
    sent, shown = ran([NEST.format(given=given), "final(1)"], inner, tmp_path, policy=Policy(egress={"vault": ()}))

    assert sent == []
    assert any("Nested" in prompt for prompt in shown)
    assert not [prompt for prompt in shown if SECRET in prompt]


def test_a_tools_budget_counts_nested_calls(tmp_path: Path) -> None:
    """Four calls for all: two here, then a nested run has its share of the rest, and then what is left."""
    policy = Policy(tools={"send": ToolRule(rule="ask", calls=4)})
    many = "\n".join(f'send(to="{n}")' for n in range(6))
    sent, _ = ran(
        [
            'send(to="a")\nsend(to="b")',
            NEST.format(given="log"),
            NEST.replace("0.4", "1").format(given="log"),
            many,
            "final(1)",
        ],
        f"{many}\nfinal(1)",
        tmp_path,
        policy=policy,
        approve=lambda _: True,
    )

    assert len(sent) == 4
