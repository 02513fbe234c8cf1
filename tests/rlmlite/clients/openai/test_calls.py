"""One call to a model server: what goes over the wire, what comes back, what it counts as."""

import asyncio

import pytest

from rlmlite.clients import ATTEMPTS, Calling, client
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.openai.chat import Chat
from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.chat_calls import HELLO, QUICK, WHOLE, ask_once, model_of, request
from tests.rlmlite.clients.openai.model_server import Ask, completion, error, serve


def test_a_call_is_one_request_and_its_usage() -> None:
    """The request holds the prompt and its bounds and nothing else; the reply gives text and tokens."""
    result, server = ask_once(model_server.hello)

    assert result == HELLO
    expected = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100, "temperature": 0.0}
    assert server.asked == [expected]


def test_a_temperature_can_be_left_out() -> None:
    """`temperature=None` sends no temperature."""
    _, server = ask_once(model_server.hello, Calling(temperature=None))

    assert "temperature" not in server.asked[0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (completion("half an ans", finish_reason="length"), Failed("too_long", Usage(7, 3, 0))),
        (completion("", finish_reason="content_filter"), Failed("filtered", Usage(7, 3, 0))),
        (completion(None), Failed("schema", Usage(7, 3, 0))),
        (completion("hello", None), Answered("hello")),
        (completion("hello", (-7, 3)), Answered("hello")),
        (completion("hello", (7, 10**30)), Answered("hello")),
    ],
)
def test_an_unusable_answer_is_a_failure(answer: bytes, expected: Result) -> None:
    """A cut answer is never taken for a whole one; impossible token counts are unknown. Neither is repeated."""
    result, server = ask_once(lambda *_: answer)

    assert (result, len(server.asked)) == (expected, 1)


def test_a_field_that_a_model_refuses_is_left_out() -> None:
    """Reasoning models refuse some fields: this call and all later ones are made without these."""

    def behave(_: int, ask: Ask) -> bytes:
        for field in ("temperature", "max_tokens"):
            if field in ask:
                return error(400, "unsupported_value", param=field)
        return WHOLE

    async def ask() -> tuple[list[Result], int]:
        async with serve(behave) as server, model_of(server) as model:
            return [await model.complete("hi", request(index)) for index in range(3)], len(server.asked)

    assert asyncio.run(ask()) == ([HELLO] * 3, 5)


def test_attempts_of_a_call_are_counted() -> None:
    """They are counted for the timing, per task that makes a call."""

    async def ask() -> int:
        async with serve(lambda number, _: WHOLE if number else error(500, retry_after_ms="1")) as server:
            await client(f"{server.url}#m", QUICK).complete("hi", request())
            return ATTEMPTS.get()

    assert asyncio.run(ask()) == 2


def test_long_prompts_and_answers_pass_whole() -> None:
    """Any character may be in them."""
    text = 'aé€😀\u2028\n"\\\0' * 30_000
    result, server = ask_once(lambda _, ask: completion(ask["messages"][0]["content"]), text=text)

    assert isinstance(result, Answered)
    assert result.text == server.asked[0]["messages"][0]["content"] == text


def test_a_completion_is_read_strictly() -> None:
    """A cut body or another JSON value is not a completion; without a price the cost is unknown."""
    body = WHOLE.partition(b"\r\n\r\n")[2]

    assert Chat().is_complete(body)
    assert not Chat().is_complete(body[:-1])
    assert not Chat().is_complete(b"[1]")
    assert Chat().read_result(body, Price(1_000, 2_000)) == Answered("hello", Usage(7, 3, 13))
    assert Chat().read_result(body, None) == Answered("hello", Usage(7, 3, None))
