"""Faults of a model server: what is tried again, what is final, and how long is waited."""

import asyncio
import time
from itertools import pairwise

import pytest

from rlmlite.clients import Calling, client
from rlmlite.clients.openai.pauses import requested_pause
from rlmlite_kernel.effects.requests import Answered, Failed, Failure, Result, Usage
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.chat_calls import FREE, HELLO, WHOLE, ask_once, cut_short, model_of, request
from tests.rlmlite.clients.openai.model_server import Answer, Ask, Behaviour, Raw, error, serve, without_detail

UNPAID = Usage(0, 0, 0)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, retry_after_ms="1"), Failed("unavailable")),
        (error(503, retry_after_ms="1"), Failed("unavailable")),
        (error(429, retry_after_ms="1"), Failed("rate", UNPAID)),
        (error(408, retry_after_ms="1"), Failed("timeout", UNPAID)),
        (Raw(b""), Failed("unavailable")),
        (Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Failed("malformed")),
        (cut_short(WHOLE), Failed("unavailable")),
        (model_server.reply(200, b"<html>a proxy's page</html>"), Failed("malformed")),
        (model_server.reply(200, b'{"choices": ['), Failed("malformed")),
        (model_server.reply(200, {"choices": []}), Failed("malformed")),
        (model_server.reply(200, {"choices": [{"message": {"content": 3}}]}), Failed("malformed")),
        (model_server.reply(200, b'{"choices": [{"message": {"content": "\\ud800"}}]}'), Failed("malformed")),
        (model_server.reply(200, b'{"choices": [{"message": {"content": "\xff"}}]}'), Failed("malformed")),
    ],
)
def test_a_temporary_fault_is_retried_and_then_a_failure(answer: Answer, expected: Result) -> None:
    """One retry makes two attempts, never more; a second attempt that succeeds is an answer."""
    result, server = ask_once(lambda *_: answer)
    again, second = ask_once(lambda number, _: answer if number == 0 else WHOLE)

    assert (without_detail(result), len(server.asked)) == (expected, 2)
    assert (again, len(second.asked)) == (HELLO, 2)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(400), "refused"),
        (error(400, "context_length_exceeded"), "too_long"),
        (error(413), "too_long"),
        (model_server.reply(400, {"error": "This model's maximum context length is 8192 tokens"}), "too_long"),
        (error(401), "unauthorized"),
        (error(403), "forbidden"),
        (error(404, "model_not_found"), "unknown_model"),
        (error(404), "wrong_address"),
        (error(429, "insufficient_quota", retry_after_ms="1"), "quota"),
        (error(422), "refused"),
        (model_server.reply(307, b"", Location="http://127.0.0.1:9/v1/chat/completions"), "wrong_address"),
    ],
)
def test_a_refusal_is_final_and_free(answer: bytes, failure: Failure) -> None:
    """It is not retried and costs nothing, and no redirect is followed."""
    result, server = ask_once(lambda *_: answer)

    assert without_detail(result) == Failed(failure, UNPAID)
    assert len(server.asked) == 1


def test_slow_replies_time_out() -> None:
    """A reply that never begins and one that drips byte by byte both end at the timeout."""

    async def never(*_: object) -> bytes:
        await asyncio.sleep(60)
        return WHOLE

    behaviours: list[Behaviour] = [never, lambda *_: Raw(WHOLE, 0.05)]
    for behave in behaviours:
        begun = time.monotonic()
        result, server = ask_once(behave, Calling(retries=1, timeout=0.2, prices=FREE))

        assert (without_detail(result), len(server.asked)) == (Failed("timeout"), 2)
        assert time.monotonic() - begun < 5


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """A refused connection is not a timeout."""

    async def ask() -> Result:
        async with serve() as server:
            model = client(f"{server.url}#m", Calling(retries=0))
        return await model.complete("hi", request())

    assert without_detail(asyncio.run(ask())) == Failed("unreachable", UNPAID)


def test_a_pause_holds_for_all_workers() -> None:
    """After a 429 with `retry-after` no worker makes a call before that time is over."""
    times: list[float] = []

    def behave(number: int, _: Ask) -> bytes:
        times.append(time.monotonic())
        return error(429, retry_after="0.5") if number == 3 else WHOLE

    async def ask() -> list[Result]:
        async with serve(behave) as server, model_of(server, Calling(workers=2)) as model:
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
def test_the_pause_follows_from_the_headers(status: int, headers: dict[str, str], seconds: float) -> None:
    """Rate limit headers are read, and those that make no sense ask for no pause."""
    assert requested_pause(status, headers) == pytest.approx(seconds)
