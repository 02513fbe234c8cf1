"""Model servers, against one of ours on this machine: every call counted, every fault a result, nothing leaked."""

import asyncio
import gc
import json
import logging
import os
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import ATTEMPTS, Calling, ModelServer, client
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai import http as openai_http
from rlmlite.clients.openai.chat import Chat
from rlmlite.clients.openai.http import wait_of
from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import Answered, Failed, Failure, Request, Result, Usage
from rlmlite_kernel.records.settings import Limits
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.clients import model_server
from tests.rlmlite.clients.model_server import Answer, Ask, Behaviour, Raw, completion, error, serve

CANARY = "sk-canary-0123456789abcdef"
FREE = {"": Price(0, 0)}
QUICK = Calling(retries=1, timeout=5.0, prices=FREE)
HELLO = Answered("hello", Usage(7, 3, 0))
UNPAID = Usage(0, 0, 0)
FAN_OUT = 'parts = chunk(context, size=1, by="lines")\nsaid = extract_over_chunks(parts, "Read {chunk}")\nfinal(said)'


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on this machine is asked directly."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def request(index: int = 0, tokens: int = 100) -> Request:
    return Request(f"{index:032x}", "sub", "m", tokens, ("?",), 1, "0" * 64)


def asked(behave: Behaviour, calling: Calling = QUICK, text: str = "hi") -> tuple[Result, model_server.ModelServer]:
    """One call to a server that behaves so."""

    async def ask() -> tuple[Result, model_server.ModelServer]:
        async with serve(behave) as server:
            return await client(f"{server.url}#m", calling).complete(text, request()), server

    return asyncio.run(ask())


def lines(count: int) -> str:
    return "".join(f"line {n}\n" for n in range(count))


async def run_over(
    server: model_server.ModelServer, text: str, calling: Calling = QUICK, **more: object
) -> rlmlite.Outcome:
    sub = client(f"{server.url}#m", calling)
    return await rlmlite.execute_async(FAN_OUT, text, sub=sub, **more)  # type: ignore[arg-type]  # passed on as it is


def served_by(server: model_server.ModelServer, calling: Calling = QUICK) -> ModelServer:
    model = client(f"{server.url}#m", calling)
    assert isinstance(model, ModelServer)
    return model


def test_a_call_is_one_request_and_its_usage() -> None:
    """What goes over the wire is the prompt, its bounds and nothing else; what comes back is text and tokens."""
    result, server = asked(model_server.hello)

    assert result == HELLO
    expected = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100, "temperature": 0.0}
    assert server.asked == [expected]


def test_a_temperature_can_be_left_out() -> None:
    """`None` sends none."""
    _, server = asked(model_server.hello, Calling(temperature=None))

    assert "temperature" not in server.asked[0]


def cut(answer: bytes) -> Raw:
    return Raw(answer[: len(answer) - 20])


WHOLE = completion("hello")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, retry_after_ms="1"), Failed("unavailable")),
        (error(503, retry_after_ms="1"), Failed("unavailable")),
        (error(429, retry_after_ms="1"), Failed("rate", UNPAID)),
        (error(429, "insufficient_quota", retry_after_ms="1"), Failed("refused", UNPAID)),
        (error(408, retry_after_ms="1"), Failed("timeout", UNPAID)),
        (Raw(b""), Failed("unavailable")),
        (Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Failed("unavailable")),
        (cut(WHOLE), Failed("unavailable")),
        (model_server.reply(200, b"<html>a proxy's page</html>"), Failed("unavailable")),
        (model_server.reply(200, b'{"choices": ['), Failed("unavailable")),
        (model_server.reply(200, {"choices": []}), Failed("unavailable")),
        (model_server.reply(200, {"choices": [{"message": {"content": 3}}]}), Failed("unavailable")),
        (model_server.reply(200, b'{"choices": [{"message": {"content": "\\ud800"}}]}'), Failed("unavailable")),
        (model_server.reply(200, b'{"choices": [{"message": {"content": "\xff"}}]}'), Failed("unavailable")),
    ],
)
def test_what_may_pass_is_tried_again_and_then_is_a_failure(answer: Answer, expected: Result) -> None:
    """Two attempts with one retry, never more, and a second attempt that goes well is an answer."""
    result, server = asked(lambda *_: answer)
    again, second = asked(lambda number, _: answer if number == 0 else WHOLE)

    assert (result, len(server.asked)) == (expected, 2)
    assert (again, len(second.asked)) == (HELLO, 2)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(400), "refused"),
        (error(400, "context_length_exceeded"), "too_long"),
        (error(413), "too_long"),
        (model_server.reply(400, {"error": "This model's maximum context length is 8192 tokens"}), "too_long"),
        (error(401), "refused"),
        (error(403), "refused"),
        (error(404, "model_not_found"), "refused"),
        (error(422), "refused"),
        (model_server.reply(307, b"", Location="http://127.0.0.1:9/v1/chat/completions"), "refused"),
    ],
)
def test_a_refusal_is_final_and_free(answer: bytes, failure: Failure) -> None:
    """It is not tried again, costs nothing, and no redirect is followed."""
    result, server = asked(lambda *_: answer)

    assert result == Failed(failure, UNPAID)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (completion("half an ans", finish_reason="length"), Failed("too_long", Usage(7, 3, 0))),
        (completion("", finish_reason="content_filter"), Failed("refused", Usage(7, 3, 0))),
        (completion(None), Failed("schema", Usage(7, 3, 0))),
        (completion("hello", None), Answered("hello")),
        (completion("hello", (-7, 3)), Answered("hello")),
        (completion("hello", (7, 10**30)), Answered("hello")),
    ],
)
def test_an_answer_that_is_none_is_no_answer(answer: bytes, expected: Result) -> None:
    """A cut answer is never passed off as whole; tokens that make no sense are unknown. It is paid and not repeated."""
    result, server = asked(lambda *_: answer)

    assert (result, len(server.asked)) == (expected, 1)


def test_slow_replies_time_out() -> None:
    """One that never begins and one that drips byte by byte both end in time."""

    async def never(*_: object) -> bytes:
        await asyncio.sleep(60)
        return WHOLE

    behaviours: list[Behaviour] = [never, lambda *_: Raw(WHOLE, 0.05)]
    for behave in behaviours:
        begun = time.monotonic()
        result, server = asked(behave, Calling(retries=1, timeout=0.2, prices=FREE))

        assert (result, len(server.asked)) == (Failed("timeout"), 2)
        assert time.monotonic() - begun < 5


def test_a_server_that_is_not_there_is_unavailable() -> None:
    """A refused connection is no timeout."""

    async def ask() -> Result:
        async with serve() as server:
            model = client(f"{server.url}#m", Calling(retries=0))
        return await model.complete("hi", request())

    assert asyncio.run(ask()) == Failed("unavailable")


def test_a_pause_holds_for_all_workers() -> None:
    """After a 429 with `retry-after` nobody asks before it is over."""
    times: list[float] = []

    def behave(number: int, _: Ask) -> bytes:
        times.append(time.monotonic())
        return error(429, retry_after="0.5") if number == 3 else WHOLE

    async def ask() -> list[Result]:
        async with serve(behave) as server, served_by(server, Calling(workers=2)) as model:
            todo = iter(range(12))

            async def work() -> list[Result]:
                return [await model.complete("hi", request(index)) for index in todo]

            return [result for found in await asyncio.gather(work(), work()) for result in found]

    results = asyncio.run(ask())

    assert [type(result) for result in results] == [Answered] * 12
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) == 13
    assert sum(gap > 0.35 for gap in gaps) == 1
    assert sum(gap < 0.35 for gap in gaps[:5]) >= 3


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "3"}, 3.0),
        (429, {"retry-after-ms": "250"}, 0.25),
        (200, {"retry-after": "3"}, 0.0),
        (429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        (429, {"retry-after": "nan"}, 0.0),
        (200, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"}, 62.5),
        (200, {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        (200, {"x-ratelimit-remaining-tokens": "17", "x-ratelimit-reset-tokens": "20s"}, 0.0),
        (200, {"x-ratelimit-remaining-tokens": "0"}, 0.0),
    ],
)
def test_how_long_a_reply_asks_to_wait(status: int, headers: dict[str, str], seconds: float) -> None:
    """The headers of rate limits, read; what makes no sense asks for nothing."""
    assert wait_of(status, headers) == pytest.approx(seconds)


def test_a_model_that_takes_no_temperature_is_asked_without() -> None:
    """Models that reason refuse a field or two: the call is made without, and so are all that follow."""

    def behave(_: int, ask: Ask) -> bytes:
        for field in ("temperature", "max_tokens"):
            if field in ask:
                return error(400, "unsupported_value", param=field)
        return WHOLE

    async def ask() -> tuple[list[Result], int]:
        async with serve(behave) as server, served_by(server) as model:
            return [await model.complete("hi", request(index)) for index in range(3)], len(server.asked)

    assert asyncio.run(ask()) == ([HELLO] * 3, 5)


def test_a_wrong_key_is_met_once() -> None:
    """In a fan-out nobody else knocks at a door that is locked."""

    async def ask() -> tuple[rlmlite.Outcome, int]:
        async with serve(lambda *_: error(401)) as server:
            calling = Calling(workers=1, prices=FREE)
            return await run_over(server, lines(50), calling, trace=False), len(server.asked)

    outcome, count = asyncio.run(ask())

    assert (outcome.status, outcome.reason, count) == ("failed", "calls_failed", 32)
    assert outcome.usage == {"calls": 50, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}


def test_a_fan_out_asks_each_once_and_the_trace_replays_without_the_server(tmp_path: Path) -> None:
    """Faults in between: every line is asked exactly as often as it must be, and nothing needs the server later."""
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
            outcome = await run_over(server, lines(200), trace=tmp_path / "t.rlm")
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
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED


def test_old_answers_serve_a_new_run(tmp_path: Path) -> None:
    """`replay:TRACE` gives each prompt its answer, in a run with another key too, and nothing is paid."""

    async def run() -> rlmlite.Outcome:
        async with serve(lambda number, _: completion(f"answer {number}")) as server:
            return await run_over(server, lines(10) + "line 3\n", trace=tmp_path / "first.rlm")

    first = asyncio.run(run())
    sub = f"replay:{tmp_path / 'first.rlm'}"
    second = rlmlite.execute(FAN_OUT, lines(10) + "line 3\n", sub=sub, trace=tmp_path / "second.rlm")
    other = rlmlite.execute(FAN_OUT, lines(11), sub=sub, trace=False)

    assert (second.value, second.usage["cost_nano"]) == (first.value, 0)
    assert len(set(second.value)) == 11
    assert (other.value[:10], other.value[10]) == (first.value[:10], None)
    assert replay(verify(tmp_path / "second.rlm")).verdict is Verdict.REPRODUCED


def test_no_budget_is_exceeded() -> None:
    """Calls, tokens and dollars: what does not fit is not asked."""

    async def run(limits: Limits, price: Price) -> tuple[rlmlite.Outcome, int]:
        async with serve() as server:
            calling = Calling(prices={"": price}, max_output_tokens=50)
            return await run_over(server, lines(100), calling, limits=limits, trace=False), len(server.asked)

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
    """A server that bills more than was asked for: the overrun is said, and nothing more goes out."""

    async def run() -> tuple[rlmlite.Outcome, int]:
        async with serve(lambda *_: completion("hello", (10_000, 3))) as server:
            calling = Calling(prices=FREE, max_output_tokens=50)
            limits = Limits(tokens=500)
            return await run_over(server, lines(100), calling, limits=limits, trace=False), len(server.asked)

    outcome, count = asyncio.run(run())

    assert (outcome.status, outcome.reason) == ("partial", "budget")
    assert count < 10
    assert "more than were reserved" in outcome.observation


def test_the_key_is_nowhere_but_in_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No file of a trace, no message and no body has it, even when the server's errors quote it."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    caplog.set_level(logging.DEBUG)

    def behave(number: int, _: Ask) -> bytes:
        if number == 1:
            return model_server.reply(400, {"error": {"message": f"the key {CANARY} is not for this"}})
        return WHOLE

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(behave) as server:
            return await run_over(server, lines(20), trace=tmp_path / "t.rlm"), server

    outcome, server = asyncio.run(run())

    assert outcome.status == "partial"
    assert all(headers["authorization"] == f"Bearer {CANARY}" for headers in server.headers)
    files = [path for path in (tmp_path / "t.rlm").rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    assert CANARY not in json.dumps(server.asked) + repr(outcome) + caplog.text
    assert "[the key]" in caplog.text


def test_openais_key_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is named by its address gets neither OpenAI's key nor the names of the account."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    result, server = asked(model_server.hello)

    assert result == HELLO
    assert CANARY not in json.dumps(server.headers)
    assert "authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("openai:gpt-5", "OPENAI_API_KEY"),
        ("openai:", "needs a model"),
        ("ollama:", "needs a model"),
        ("http://127.0.0.1:1/v1", "expected an address and a model"),
        ("http:///v1#m", "expected an address and a model"),
        ("http://[::1/v1#m", "no address"),
        (f"http://me:{CANARY}@127.0.0.1/v1#m", "must hold no key"),
        (f"https://127.0.0.1/v1?key={CANARY}#m", "must hold no key"),
        ("mailbox:", "needs a folder"),
        ("replay:", "needs a trace"),
        ("replay:/no/such/trace", "no such folder"),
    ],
)
def test_wrong_model_strings_say_what_to_do(model: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And do not repeat a secret."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(ModelError, match=message) as found:
        client(model)

    assert CANARY not in str(found.value)


def test_known_models_have_their_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices come with the package; a server that nobody knows has none; what is told goes before."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)

    def prices(model: str, calling: Calling | None = None) -> tuple[int | None, int | None]:
        found = client(model, calling)
        assert isinstance(found, ModelServer)
        return found.role().input_price, found.role().output_price

    assert prices("openai:gpt-4o-mini") == (150_000, 600_000)
    assert prices("http://127.0.0.1:1/v1#gpt-4o-mini") == (None, None)
    assert prices("ollama:llama3") == (0, 0)
    assert prices("openai:gpt-4o-mini", Calling(prices={"openai:gpt-4o-mini": Price(1, 2)})) == (1, 2)
    assert prices("openai:gpt-4o-mini", Calling(prices={"": Price(1, 2)})) == (1, 2)


def test_a_cancelled_fan_out_leaves_a_valid_trace_and_no_socket(tmp_path: Path) -> None:
    """Calls that had ended are kept; connections are closed; going on makes none of them again."""

    async def behave(number: int, _: Ask) -> bytes:
        await asyncio.sleep(0 if number < 10 else 60)
        return WHOLE

    async def run() -> None:
        async with serve(behave) as server:
            model = served_by(server)
            task = asyncio.ensure_future(
                rlmlite.execute_async(FAN_OUT, lines(100), sub=model, trace=tmp_path / "t.rlm")
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
    """Runs in one loop share its connections; another loop has its own; nothing is left open."""

    async def runs(model: ModelServer) -> list[rlmlite.Outcome]:
        return await asyncio.gather(
            *(rlmlite.execute_async(FAN_OUT, lines(20), sub=model, trace=False) for _ in range(8))
        )

    async def behave(*_: object) -> bytes:
        await asyncio.sleep(0.005)
        return WHOLE

    async def both() -> tuple[list[rlmlite.Outcome], int, int]:
        async with serve(behave) as server:
            model = served_by(server, Calling(workers=4))
            found = await runs(model)
            found.append(await asyncio.to_thread(rlmlite.execute, FAN_OUT, lines(20), sub=model, trace=False))
            return found, server.most, len(server.asked)

    outcomes, most, count = asyncio.run(both())

    assert [outcome.value for outcome in outcomes] == [["hello"] * 20] * 9
    assert (most, count) == (4, 180)


def test_without_aiohttp_it_works_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK's default transport does the same, slower."""
    monkeypatch.setattr(openai_http, "AIOHTTP", False)

    async def run() -> rlmlite.Outcome:
        def behave(number: int, _: Ask) -> Answer:
            return cut(WHOLE) if number == 5 else WHOLE

        async with serve(behave) as server:
            model = served_by(server)
            await rlmlite.execute_async(FAN_OUT, lines(20), sub=model, trace=False)
            return await rlmlite.execute_async(FAN_OUT, lines(20), sub=model, trace=False)

    outcome = asyncio.run(run())

    assert outcome.value == ["hello"] * 20
    assert caplog.text.count("aiohttp is not installed") == 1


def test_attempts_of_a_call_are_counted() -> None:
    """For the timing, by the task that made the call."""

    async def ask() -> int:
        async with serve(lambda number, _: WHOLE if number else error(500, retry_after_ms="1")) as server:
            await client(f"{server.url}#m", QUICK).complete("hi", request())
            return ATTEMPTS.get()

    assert asyncio.run(ask()) == 2


def test_long_prompts_and_answers_pass_whole() -> None:
    """Whatever characters they have."""
    text = 'aé€😀\u2028\n"\\\0' * 30_000
    result, server = asked(lambda _, ask: completion(ask["messages"][0]["content"]), text=text)

    assert isinstance(result, Answered)
    assert result.text == server.asked[0]["messages"][0]["content"] == text


def test_a_completion_is_read_strictly() -> None:
    """What is readable is read; what is not is not."""
    body = WHOLE.partition(b"\r\n\r\n")[2]

    assert Chat().readable(body)
    assert not Chat().readable(body[:-1])
    assert not Chat().readable(b"[1]")
    assert Chat().read(body, Price(1_000, 2_000)) == Answered("hello", Usage(7, 3, 13))
    assert Chat().read(body, None) == Answered("hello", Usage(7, 3, None))


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
            cut(WHOLE),
            model_server.reply(200, b"<html>"),
        ]
        return faults[int(line) // 20 % 4]

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            limits = Limits(sub_calls=count, tokens=count * 2_000, output_tokens=count * 2_000)
            outcome = await run_over(server, lines(count), limits=limits, trace=tmp_path / "t.rlm")
            assert len(server.asked) == count + count // 20
            assert server.most <= 32
            return outcome

    outcome = asyncio.run(run())

    assert outcome.status == "completed"
    assert outcome.value == [f"read {n}" for n in range(count)]
    assert outcome.budget["sub_calls"] == {"used": count, "limit": count}
    assert outcome.budget["tokens"]["used"] == count * 10
    assert replay(verify(tmp_path / "t.rlm", outcome.root, Level.SEALED)).verdict is Verdict.REPRODUCED
