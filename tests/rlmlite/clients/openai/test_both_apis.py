"""Chat completions and the Responses API, streamed and not: the same results, the same faults."""

from typing import Any

import pytest

import rlmlite
from rlmlite.clients import client
from rlmlite_kernel.effects.requests import Answered, Failed, Failure, Result, Usage
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.api_calls import APIS, CHAT, HELLO, RESPONSES, WHOLE, ask_once
from tests.rlmlite.clients.openai.model_server import (
    Answer,
    Ask,
    Behaviour,
    Raw,
    calling,
    completion,
    error,
    function_call,
    in_requested_form,
    response,
    without_detail,
)


def hello_in_form(api: str, streamed: bool) -> Behaviour:
    """Says hello as it is asked, and checks that it is asked so."""

    def behave(number: int, ask: Ask) -> bytes:
        assert ask.get("stream", False) is streamed
        return in_requested_form(ask, WHOLE[api])

    return behave


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_a_call_is_one_request_and_its_usage(api: str, streamed: bool) -> None:
    """The body of the request is checked to the field, for each API; nothing is stored at the server."""
    result, server = ask_once(api, hello_in_form(api, streamed), stream=streamed)

    assert result == HELLO
    body: dict[str, Any] = {"model": "m", "temperature": 0.0}
    if api == CHAT:
        body |= {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
        body |= {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    else:
        body |= {"input": "hi", "store": False, "max_output_tokens": 100}
        body |= {"stream": True} if streamed else {}
    assert server.asked == [body]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("api", "answer", "expected"),
    [
        (CHAT, completion("half an ans", finish_reason="length"), "too_long"),
        (
            RESPONSES,
            response("ha", status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "too_long",
        ),
        (RESPONSES, response("half", status="incomplete"), "too_long"),
        (CHAT, completion("ha", finish_reason="content_filter"), "filtered"),
        (RESPONSES, response("ha", status="incomplete", incomplete_details={"reason": "content_filter"}), "filtered"),
        (CHAT, completion(None, message={"content": None, "refusal": "I can not"}), "refused"),
        (
            RESPONSES,
            response(None, (7, 3), {"type": "message", "id": "1", "content": [{"type": "refusal", "refusal": "no"}]}),
            "refused",
        ),
        (CHAT, completion(None), "schema"),
        (RESPONSES, response(None), "schema"),
        (RESPONSES, response(None, (7, 3), function_call("{}")), "schema"),
        (CHAT, calling(function_call("{}")), "schema"),
    ],
)
def test_an_unusable_answer_is_a_failure(api: str, answer: bytes, expected: Failure, streamed: bool) -> None:
    """Cut, withheld or empty answers, and calls of unknown tools, are paid for and not repeated."""
    result, server = ask_once(api, lambda _, ask: in_requested_form(ask, answer), stream=streamed)

    assert (without_detail(result), len(server.asked)) == (Failed(expected, Usage(7, 3, 0)), 1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(500, retry_after_ms="1"), Failed("unavailable")),
        (error(429, retry_after_ms="1"), Failed("rate", Usage(0, 0, 0))),
        (Raw(b""), Failed("unavailable")),
        (model_server.reply(200, b"<html>a proxy's page</html>"), Failed("malformed")),
        (model_server.reply(200, {"error": {"code": 502, "message": "upstream"}}), Failed("unavailable")),
        (model_server.reply(200, b'{"output": [], "status": "queued"}'), Failed("malformed")),
    ],
)
def test_a_temporary_fault_is_retried(api: str, streamed: bool, answer: Answer, expected: Result) -> None:
    """One retry makes two attempts, never more; a second attempt that succeeds is an answer."""
    result, server = ask_once(api, lambda *_: answer, stream=streamed)
    again, second = ask_once(
        api, lambda number, ask: answer if number == 0 else in_requested_form(ask, WHOLE[api]), stream=streamed
    )

    assert (without_detail(result), len(server.asked)) == (expected, 2)
    assert (again, len(second.asked)) == (HELLO, 2)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_long_texts_pass_whole(api: str, streamed: bool) -> None:
    """Any character may be in them, line ends of Unicode too."""
    text = 'aé€😀\u2028\u0085\n"\\\0' * 10_000

    def behave(_: int, ask: Ask) -> bytes:
        return in_requested_form(ask, completion(text) if api == CHAT else response(text))

    result, _ = ask_once(api, behave, stream=streamed)

    assert isinstance(result, Answered)
    assert result.text == text


def test_model_strings_name_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """`openai-responses:` has OpenAI's prices and needs its key, as `openai:` does."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")

    assert client("openai-responses:gpt-4o-mini").model == "openai-responses:gpt-4o-mini"
    assert client("http://127.0.0.1:1/v1/responses#m").model == "http://127.0.0.1:1/v1/responses#m"
    monkeypatch.delenv("OPENAI_API_KEY")
    for model, message in (("openai-responses:gpt-5", "OPENAI_API_KEY"), ("openai-responses:", "needs a model")):
        with pytest.raises(rlmlite.ModelError, match=message):
            client(model)
