"""Fan-outs over a model server: each line is asked once, within every budget; traces replay without the server."""

import asyncio
import gc
import json
from collections import Counter
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import Calling, ModelServer
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai import connection
from rlmlite_kernel.records.settings import Limits
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.chat_calls import FAN_OUT, FREE, WHOLE, cut_short, model_of, numbered_lines, run_over
from tests.rlmlite.clients.openai.model_server import Answer, Ask, completion, error, serve


def test_a_wrong_key_is_tried_once() -> None:
    """After one refusal of the key, no other worker of the fan-out makes a call."""

    async def ask() -> tuple[rlmlite.Outcome, int]:
        async with serve(lambda *_: error(401)) as server:
            calling = Calling(workers=1, prices=FREE)
            return await run_over(server, numbered_lines(50), calling, trace=False), len(server.asked)

    outcome, count = asyncio.run(ask())

    assert (outcome.status, outcome.reason, count) == ("failed", "calls_failed", 32)
    assert outcome.usage == {"calls": 50, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}


def test_a_fan_out_asks_each_once_and_the_trace_replays_without_the_server(tmp_path: Path) -> None:
    """With faults in between, every line is sent exactly as often as it must be, and replay needs no server."""
    seen: Counter[str] = Counter()

    def behave(_: int, ask: Ask) -> Answer:
        line = ask["messages"][0]["content"].split("line ")[1].split("\n")[0]
        seen[line] += 1
        if int(line) % 10 == 3 and seen[line] == 1:
            return error(500, retry_after_ms="1")
        if int(line) % 10 == 7 and seen[line] == 1:
            return error(429, retry_after_ms="1")
        return error(400) if int(line) == 50 else completion(f"read {line}")

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            outcome = await run_over(server, numbered_lines(200), trace=tmp_path / "t.rlm")
            assert server.most <= 32
            assert server.connections <= 40
            return outcome

    outcome = asyncio.run(run())

    assert outcome.status == "partial"
    assert outcome.value == [None if n == 50 else f"read {n}" for n in range(200)]
    assert seen == {str(n): 2 if n % 10 in (3, 7) else 1 for n in range(200)}
    assert outcome.usage == {"calls": 200, "input_tokens": 199 * 7, "output_tokens": 199 * 3, "cost_nano": 0}
    timing = [json.loads(line) for line in (tmp_path / "t.rlm" / "timing.jsonl").read_text().splitlines()]
    assert Counter(line["attempts"] for line in timing) == {1: 160, 2: 40}
    assert all(line["ms"] >= 0 for line in timing)
    assert (
        replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )


def test_old_answers_serve_a_new_run(tmp_path: Path) -> None:
    """`replay:TRACE` gives each prompt its answer, in a run with another key too, and nothing is paid."""

    async def run() -> rlmlite.Outcome:
        async with serve(lambda number, _: completion(f"answer {number}")) as server:
            return await run_over(server, numbered_lines(10) + "line 3\n", trace=tmp_path / "first.rlm")

    first = asyncio.run(run())
    sub = f"replay:{tmp_path / 'first.rlm'}"
    second = rlmlite.execute(FAN_OUT, numbered_lines(10) + "line 3\n", sub=sub, trace=tmp_path / "second.rlm")
    other = rlmlite.execute(FAN_OUT, numbered_lines(11), sub=sub, trace=False)

    assert (second.value, second.usage["cost_nano"]) == (first.value, 0)
    assert len(set(second.value)) == 11
    assert (other.value[:10], other.value[10]) == (first.value[:10], None)
    assert replay(verify(tmp_path / "second.rlm"), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_no_budget_is_exceeded() -> None:
    """Calls that do not fit the budget of calls, tokens or dollars are not made."""

    async def run(limits: Limits, price: Price) -> tuple[rlmlite.Outcome, int]:
        async with serve() as server:
            calling = Calling(prices={"": price}, max_output_tokens=50)
            return await run_over(server, numbered_lines(100), calling, limits=limits, trace=False), len(server.asked)

    outcome, count = asyncio.run(run(Limits(sub_calls=99), Price(0, 0)))
    assert (outcome.status, outcome.reason, count) == ("partial", "budget", 0)

    outcome, count = asyncio.run(run(Limits(tokens=500), Price(0, 0)))
    assert outcome.status == "partial"
    assert (outcome.budget["tokens"]["used"] or 0) <= 500
    assert outcome.budget["tokens"]["used"] == count * 10

    outcome, count = asyncio.run(run(Limits(cost_nano=200_000), Price(100_000, 1_000_000)))
    assert (outcome.status, 0 < count < 100) == ("partial", True)
    assert outcome.budget["cost_nano"]["used"] == outcome.usage["cost_nano"]
    assert (outcome.budget["cost_nano"]["used"] or 0) <= 200_000
    assert outcome.budget["cost_nano"]["used"] == count * (7 * 100 + 3 * 1_000)


def test_tokens_beyond_the_reservation_stop_the_run() -> None:
    """If a server bills more than was reserved, the overrun is reported and no more calls go out."""

    async def run() -> tuple[rlmlite.Outcome, int]:
        async with serve(lambda *_: completion("hello", (10_000, 3))) as server:
            calling = Calling(prices=FREE, max_output_tokens=50)
            limits = Limits(tokens=500)
            return await run_over(server, numbered_lines(100), calling, limits=limits, trace=False), len(server.asked)

    outcome, count = asyncio.run(run())

    assert (outcome.status, outcome.reason) == ("partial", "budget")
    assert count < 10
    assert "more than were reserved" in outcome.observation


def test_a_cancelled_fan_out_leaves_a_valid_trace_and_no_socket(tmp_path: Path) -> None:
    """Calls that had ended are in the trace, connections are closed, and going on repeats none of them."""

    async def behave(number: int, _: Ask) -> bytes:
        await asyncio.sleep(0 if number < 10 else 60)
        return WHOLE

    async def run() -> None:
        async with serve(behave) as server:
            model = model_of(server)
            task = asyncio.ensure_future(
                rlmlite.execute_async(FAN_OUT, numbered_lines(100), sub=model, trace=tmp_path / "t.rlm")
            )
            while len(server.asked) < 42:  # ten have ended, and all workers wait again
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not model._held
            await asyncio.sleep(0.05)
            assert len(asyncio.all_tasks()) <= 1 + server.connections

    asyncio.run(run())
    gc.collect()  # a socket that was left open would warn now, and warnings are errors

    assert verify(tmp_path / "t.rlm").level is Level.OPEN
    journal = (tmp_path / "t.rlm" / "journal.jsonl").read_text().splitlines()
    assert len(journal) == 10


def test_one_client_serves_many_runs_and_loops() -> None:
    """Runs in one loop share connections, another loop has its own, and none is left open."""

    async def runs(model: ModelServer) -> list[rlmlite.Outcome]:
        return await asyncio.gather(
            *(rlmlite.execute_async(FAN_OUT, numbered_lines(20), sub=model, trace=False) for _ in range(8))
        )

    async def behave(*_: object) -> bytes:
        await asyncio.sleep(0.005)
        return WHOLE

    async def both() -> tuple[list[rlmlite.Outcome], int, int]:
        async with serve(behave) as server:
            model = model_of(server, Calling(workers=4))
            found = await runs(model)
            found.append(await asyncio.to_thread(rlmlite.execute, FAN_OUT, numbered_lines(20), sub=model, trace=False))
            return found, server.most, len(server.asked)

    outcomes, most, count = asyncio.run(both())

    assert [outcome.value for outcome in outcomes] == [["hello"] * 20] * 9
    assert (most, count) == (4, 180)


def test_without_aiohttp_it_works_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK's default transport gives the same results, more slowly."""
    monkeypatch.setattr(connection, "AIOHTTP", False)

    async def run() -> rlmlite.Outcome:
        def behave(number: int, _: Ask) -> Answer:
            return cut_short(WHOLE) if number == 5 else WHOLE

        async with serve(behave) as server:
            model = model_of(server)
            await rlmlite.execute_async(FAN_OUT, numbered_lines(20), sub=model, trace=False)
            return await rlmlite.execute_async(FAN_OUT, numbered_lines(20), sub=model, trace=False)

    outcome = asyncio.run(run())

    assert outcome.value == ["hello"] * 20
    assert caplog.text.count("aiohttp is not installed") == 1


@pytest.mark.slow
def test_ten_thousand_calls_with_faults(tmp_path: Path) -> None:
    """One in twenty fails at first: exact counts, no budget exceeded, and the trace replays with the server gone."""
    count = 10_000
    seen: Counter[str] = Counter()

    def behave(_: int, ask: Ask) -> Answer:
        line = ask["messages"][0]["content"].split("line ")[1].split("\n")[0]
        seen[line] += 1
        if seen[line] > 1 or int(line) % 20:
            return completion(f"read {line}")
        faults: list[Answer] = [
            error(500, retry_after_ms="1"),
            error(429, retry_after_ms="1"),
            cut_short(WHOLE),
            model_server.reply(200, b"<html>"),
        ]
        return faults[int(line) // 20 % 4]

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            limits = Limits(sub_calls=count, tokens=count * 2_000, output_tokens=count * 2_000)
            outcome = await run_over(server, numbered_lines(count), limits=limits, trace=tmp_path / "t.rlm")
            assert len(server.asked) == count + count // 20
            assert server.most <= 32
            return outcome

    outcome = asyncio.run(run())

    assert outcome.status == "completed"
    assert outcome.value == [f"read {n}" for n in range(count)]
    assert outcome.budget["sub_calls"] == {"used": count, "reserved": 0, "limit": count}
    assert outcome.budget["tokens"]["used"] == count * 10
    assert (
        replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED), recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )
