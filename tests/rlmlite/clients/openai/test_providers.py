"""Providers that do not answer are told apart: by a code, whether to ask again, what to do, their own words."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite.clients.interface.failures import FAILURES, without_secrets
from rlmlite.clients.interface.window import is_cut, least_tokens
from rlmlite_kernel.effects.requests import Failed, Failure, Result, Usage
from rlmlite_traces import Verdict, replay, verify
from tests.rlmlite.clients.openai.chat_calls import FREE, ask_once, numbered_lines, request, run_over
from tests.rlmlite.clients.openai.model_server import Answer, Raw, completion, reply, serve

KEY = "sk-canary-0123456789abcdef"
UNPAID = Usage(0, 0, 0)


def said(status: int, message: str, code: str | None = None, kind: str | None = None, **headers: str) -> bytes:
    """An error in the form of OpenAI."""
    return reply(status, {"error": {"message": message, "code": code, "type": kind}}, **headers)


PROVIDERS: dict[str, tuple[Answer, Failure, int]] = {
    "a wrong key": (said(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"), "unauthorized", 1),
    "a key by its words": (said(400, "API key not valid. Please pass a valid API key."), "unauthorized", 1),
    "no access": (said(403, "Country not supported", "unsupported_country_region_territory"), "forbidden", 1),
    "an unknown model": (said(404, "The model `x` does not exist", "model_not_found"), "unknown_model", 1),
    "Ollama's unknown model": (reply(404, {"error": "model 'x' not found"}), "unknown_model", 1),
    "a model by its words": (said(400, "The model x is not supported"), "unknown_model", 1),
    "a wrong path": (reply(404, {"detail": "Not Found"}), "wrong_address", 1),
    "a page": (reply(404, b"<html>404 page not found</html>"), "wrong_address", 1),
    "a rate": (said(429, "Rate limit reached", "rate_limit_exceeded", retry_after_ms="1"), "rate", 2),
    "a quota": (said(429, "You exceeded your current quota", "insufficient_quota"), "quota", 1),
    "a quota by its type": (said(429, "Quota", None, "insufficient_quota"), "quota", 1),
    "a payment": (said(402, "Payment required"), "quota", 1),
    "a balance": (said(400, "Your credit balance is too low"), "quota", 1),
    "overload": (said(529, "Overloaded", retry_after_ms="1"), "unavailable", 2),
    "a fault": (said(500, "Internal error", retry_after_ms="1"), "unavailable", 2),
    "a gateway": (reply(504, b"gateway timeout", retry_after_ms="1"), "timeout", 2),
    "a filter": (said(400, "The prompt triggered the content management policy", "content_filter"), "filtered", 1),
    "a long prompt": (said(400, "maximum context length is 8192 tokens", "context_length_exceeded"), "too_long", 1),
    "llama.cpp's window": (said(400, "the request exceeds the available context size"), "too_long", 1),
    "a page for a reply": (reply(200, b"<html>Welcome</html>"), "malformed", 2),
    "half a reply": (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "unavailable", 2),
    "no reply": (Raw(b""), "unavailable", 2),
    "a filtered answer": (completion("ha", finish_reason="content_filter"), "filtered", 1),
    "a refusal": (completion(None, message={"content": None, "refusal": "no"}), "refused", 1),
}


@pytest.mark.parametrize("case", PROVIDERS)
def test_providers_are_told_apart(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a code of the table. What may pass is asked once more, what is final is not, and no message has the key."""
    monkeypatch.setenv("RLMLITE_API_KEY", KEY)
    answer, failure, attempts = PROVIDERS[case]
    messages: list[str] = []
    result, server = ask_once(lambda *_: answer, Calling(retries=1, timeout=5.0, prices=FREE, tell=messages.append))

    assert isinstance(result, Failed)
    assert (result.error, len(server.asked)) == (failure, attempts)
    assert KEY not in result.detail + "".join(messages)
    if attempts == 1 and result.detail:
        assert FAILURES[failure].meaning in messages[-1]
        assert FAILURES[failure].advice in messages[-1]
    assert FAILURES[failure].is_retryable == (attempts == 2)


def unreachable(model: str) -> tuple[Result, str]:
    """A call of a model where there is none, and what was told of it."""
    messages: list[str] = []
    calling = Calling(retries=0, timeout=5.0, prices=FREE, tell=messages.append)
    result = asyncio.run(client(model, calling).complete("hi", request()))
    return result, messages[-1]


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_where_nothing_answers_the_address_and_what_to_start_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """For Ollama, for another server of this machine, for one elsewhere; nobody is paid."""
    monkeypatch.setattr("rlmlite.clients.openai.addresses.OLLAMA_URL", f"http://localhost:{closed_port()}/v1")
    result, told = unreachable(f"http://127.0.0.1:{(port := closed_port())}/v1#m")
    assert isinstance(result, Failed)
    assert (result.error, result.usage) == ("unreachable", UNPAID)
    assert f"nothing answers at http://127.0.0.1:{port}/v1: start the server there" in told
    result, told = unreachable("ollama:llama3")
    assert isinstance(result, Failed)
    assert "start the server there" in told
    monkeypatch.setattr("rlmlite.clients.openai.client._OLLAMA_PORT", port)
    assert "start Ollama with `ollama serve`" in unreachable(f"http://127.0.0.1:{port}/v1#m")[1]


def test_a_host_without_a_name_and_a_server_without_tls() -> None:
    """Neither is a timeout, and neither is paid."""
    unknown, _ = unreachable("http://no-such-host.invalid/v1#m")

    async def plain() -> Result:
        async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(speak, "127.0.0.1") as server:
            port = server.sockets[0].getsockname()[1]
            return await client(f"https://127.0.0.1:{port}/v1#m", Calling(retries=0)).complete("hi", request())

    secured = asyncio.run(plain())
    assert isinstance(unknown, Failed)
    assert isinstance(secured, Failed)
    assert (unknown.error, unknown.usage) == ("dns", UNPAID)
    assert (secured.error, secured.usage) == ("tls", UNPAID)


def test_a_server_that_is_not_there_used_nothing(tmp_path: Path) -> None:
    """Neither tokens nor a reservation, the address is in the outcome, and nobody says that there is no program."""
    model = f"http://127.0.0.1:{closed_port()}/v1#m"
    told: list[str] = []
    outcome = rlmlite.run("?", "a log", controller=model, retries=0, trace=tmp_path / "t.rlm", tell=told.append)

    assert (outcome.status, outcome.reason) == ("failed", "controller")
    assert outcome.budget["tokens"] == {"used": 0, "reserved": 0, "limit": None}
    assert outcome.usage == {"calls": 1, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    assert "nothing answers at http://127.0.0.1" in outcome.observation
    assert "no program" not in outcome.observation + "".join(told)


def test_the_words_of_a_provider_reach_the_outcome_and_a_replay(tmp_path: Path) -> None:
    """As a quoted warning on the record."""

    def behave(number: int, _: object) -> bytes:
        return said(503, "the disk of server 7 is full", retry_after_ms="1") if number % 2 else completion("ok")

    async def run() -> rlmlite.Outcome:
        async with serve(behave) as server:
            calling = Calling(retries=0, prices=FREE, workers=1)
            return await run_over(server, numbered_lines(4), calling, trace=tmp_path / "t.rlm")

    outcome = asyncio.run(run())
    notices = [notice for notice in outcome.warnings if notice.code == "provider_said"]

    assert (outcome.status, outcome.reason) == ("partial", "calls_failed")
    assert [(each.n, "the disk of server 7 is full" in each.example) for each in notices] == [(2, True)]
    assert replay(verify(tmp_path / "t.rlm"), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_retries_do_not_count_twice() -> None:
    """Two attempts of one call are one call with the usage of its answer."""
    busy = said(500, "busy", retry_after_ms="1")

    async def run() -> rlmlite.Outcome:
        async with serve(lambda number, _: completion("ok") if number % 2 else busy) as server:
            calling = Calling(retries=1, prices=FREE)
            return await run_over(server, numbered_lines(3), calling, trace=False, workers=1)

    outcome = asyncio.run(run())

    assert outcome.usage == {"calls": 3, "input_tokens": 21, "output_tokens": 9, "cost_nano": 0}


SECRETS: dict[str, Callable[[str], str]] = {
    "whole": lambda key: key,
    "its beginning": lambda key: f"{key[:9]}...",
    "its end": lambda key: f"...{key[-7:]}",
    "with stars": lambda key: f"{key[:3]}****{key[-4:]}",
    "in a header": lambda key: f"Authorization: Bearer {key},",
    "in JSON": lambda key: json.dumps({"key": key}),
    "another": lambda key: "sk-proj-otherotherother1234",
}


@pytest.mark.parametrize("form", SECRETS)
def test_no_part_of_a_key_is_repeated(form: str) -> None:
    """However a server quotes it."""
    quoted = SECRETS[form](KEY)
    message = without_secrets(f"the key {quoted} is not for http://me:{KEY}@proxy/ or this model", KEY)

    assert not [at for at in range(len(KEY) - 5) if KEY[at : at + 6] in message]
    assert "otherother" not in message
    assert "cdef" not in message
    assert message.startswith("the key ")
    assert message.endswith(" this model")


def test_the_table_has_every_failure() -> None:
    """Each code has a meaning, and each one that is final says what to do, if something can be done."""
    assert FAILURES.keys() == set(get_args(Failure))
    assert [name for name, kind in FAILURES.items() if not kind.meaning] == []


def reporting(tokens: int | None) -> rlmlite.Outcome:
    """A question about 99,000 bytes, put to a server that reports so many tokens of its prompt."""
    used = {"prompt_tokens": tokens, "completion_tokens": 3}
    answer = json.loads(completion("all is well").partition(b"\r\n\r\n")[2]) | {"usage": used if tokens else None}

    async def run() -> rlmlite.Outcome:
        async with serve(lambda *_: reply(200, answer)) as server:
            sub = client(f"{server.url}#m", Calling(retries=0, prices=FREE))
            program = 'said = extract_over_chunks([context], "What is in {chunk}?")\nfinal(said[0])'
            return await rlmlite.execute_async(program, LONG, sub=sub, trace=False)

    return asyncio.run(run())


LONG = "".join(f"{n:05} INFO disk {n} is well\n" for n in range(4_000))


@pytest.mark.parametrize("tokens", [10, 512, 2_048, 4_096])
def test_a_window_that_cut_the_prompt_is_said_and_not_counted_as_read(tokens: int) -> None:
    """The server cannot have read all of it: the call has failed, and coverage does not claim a byte."""
    outcome = reporting(tokens)

    assert (outcome.value, outcome.status, outcome.failures) == (None, "failed", ("calls_failed", "depends"))
    assert outcome.coverage["context"]["read"] == 0
    assert any(f"the server reports {tokens:,} tokens" in notice.example for notice in outcome.warnings)


@pytest.mark.parametrize("tokens", [None, 20_000, 45_000])
def test_a_prompt_that_was_read_raises_no_alarm(tokens: int | None) -> None:
    """Nor one of which nothing is reported."""
    outcome = reporting(tokens)

    assert (outcome.value, outcome.status) == ("all is well", "completed")
    assert outcome.coverage["context"]["read"] == len(LONG)


@pytest.mark.parametrize("text", ["x" * 99_000, "word " * 20_000, "\n" * 99_000, "漢字" * 9_000, "=" * 80_000 + "\n"])
def test_dense_tokens_raise_no_alarm(text: str) -> None:
    """The bound holds for text that a vocabulary knows by heart: runs, and words that are one token each."""
    assert least_tokens(text) <= max(len(text.encode()) // 100, len(text.split()) // 2)
    assert not is_cut(text, max(len(text.encode()) // 128, len(text.split())))
