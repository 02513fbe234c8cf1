"""A controller whose replies are empty, cut off or filtered: each costs its turn and what it used, never the run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients.openai.model_server import Ask, completion, in_requested_form, response, serve

DECLINED = {"role": "assistant", "content": None, "refusal": "I cannot"}
PROGRAM = "```\nn = count(context.lines)\n```"
ANSWER = "```\nfinal(count(context.lines))\n```"

FILTERED = "! the provider's content filter stopped your reply"

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "null": ({"text": None}, "! your reply had no content"),
    "empty": ({"text": ""}, "the reply is empty"),
    "blank": ({"text": " \n\t"}, "the reply is empty"),
    "cut": ({"text": "```\nhits = sear", "finish_reason": "length"}, "! your reply was cut off"),
    "cut before a word": ({"text": None, "finish_reason": "length"}, "! your reply was cut off"),
    "filtered": ({"text": None, "finish_reason": "content_filter"}, FILTERED),
    "filtered halfway": ({"text": "```\nfinal(", "finish_reason": "content_filter"}, FILTERED),
    "refused": ({"text": None, "message": DECLINED}, "! you declined to reply with a program"),
}
"""What a server replies instead of a program, and what the next prompt says of it."""


def ask_with(replies: Sequence[bytes], trace: Path, **settings: Any) -> tuple[rlmlite.Outcome, list[str]]:
    """A question to a controller that gives these replies, the last one for ever; and the prompts."""

    def behave(number: int, ask: Ask) -> bytes:
        return in_requested_form(ask, replies[min(number, len(replies) - 1)])

    async def run() -> tuple[rlmlite.Outcome, list[str]]:
        async with serve(behave, {}) as server:
            outcome = await rlmlite.arun(
                "How many lines?",
                "a\nb\n",
                controller=f"{server.url}#m",
                prices={"": "1,1"},
                trace=trace,
                **settings,
            )
            return outcome, [ask["messages"][0]["content"] for ask in server.asked]

    return asyncio.run(run())


@pytest.mark.parametrize(("name", "stream"), [*((name, False) for name in BAD), ("null", True), ("cut", True)])
def test_a_bad_reply_costs_its_turn_and_the_run_goes_on(name: str, stream: bool, tmp_path: Path) -> None:
    """It is paid as its server reports, said in the next prompt, and on record; the answer after it counts."""
    reply, said = BAD[name]
    replies = [completion(PROGRAM), completion(**reply), completion(ANSWER)]
    outcome, prompts = ask_with(replies, tmp_path / "t.rlm", stream=stream)

    assert (outcome.value, outcome.status) == (2, "completed")
    assert outcome.usage == {"calls": 3, "input_tokens": 21, "output_tokens": 9, "cost_nano": 30_000}
    assert outcome.budget["turns"]["used"] == 4  # with the host's own look
    assert said in prompts[2]
    assert "n: " in prompts[2]
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("name", ["null", "blank", "cut", "filtered"])
def test_a_controller_that_gives_nothing_else_is_given_up(name: str, tmp_path: Path) -> None:
    """After a few turns, long before all are used; the reason says whose fault it was, and the trace replays."""
    outcome, prompts = ask_with([completion(**BAD[name][0])], tmp_path / "t.rlm")

    assert outcome.value is None
    assert (outcome.status, outcome.reason) in {("failed", "controller"), ("partial", "stuck")}
    assert len(prompts) <= 10
    assert outcome.usage["calls"] == len(prompts)
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


def test_an_answer_that_is_standing_outlives_a_controller_that_falls_silent(tmp_path: Path) -> None:
    """A draft is the partial answer, and work that was done is kept."""
    replies = [completion("draft(count(context.lines))"), completion(None, finish_reason="length")]
    outcome, _ = ask_with(replies, tmp_path / "t.rlm")

    assert (outcome.value, outcome.status) == (2, "partial")


def test_the_other_api_says_the_same(tmp_path: Path) -> None:
    """Of a response that is incomplete."""
    incomplete = response("fin", status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    replies = [incomplete, response(ANSWER)]

    async def run() -> rlmlite.Outcome:
        async with serve(lambda number, _: replies[number], {}) as server:
            model = f"{server.url}/responses#m"
            return await rlmlite.arun("How many?", "a\nb\n", controller=model, trace=tmp_path / "t.rlm")

    outcome = asyncio.run(run())
    assert (outcome.value, outcome.status, outcome.usage["calls"]) == (2, "completed", 2)
