"""Keys and model strings: a key goes to its own server alone, and is written nowhere."""

import asyncio
import json
import logging
from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite.clients import Calling, ModelServer, client
from rlmlite.clients.interface.prices import Price
from rlmlite.errors import ModelError
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.chat_calls import HELLO, WHOLE, ask_once, numbered_lines, run_over
from tests.rlmlite.clients.openai.model_server import Ask, serve

CANARY = "sk-canary-0123456789abcdef"


def test_the_key_is_nowhere_but_in_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No file of a trace, no message and no body has the key, even if the server's errors quote it."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    caplog.set_level(logging.DEBUG)

    def behave(number: int, _: Ask) -> bytes:
        if number == 1:
            return model_server.reply(400, {"error": {"message": f"the key {CANARY} is not for this"}})
        return WHOLE

    async def run() -> tuple[rlmlite.Outcome, model_server.ModelServer]:
        async with serve(behave) as server:
            return await run_over(server, numbered_lines(20), trace=tmp_path / "t.rlm"), server

    outcome, server = asyncio.run(run())

    assert outcome.status == "partial"
    assert all(headers["authorization"] == f"Bearer {CANARY}" for headers in server.headers)
    files = [path for path in (tmp_path / "t.rlm").rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    assert CANARY not in json.dumps(server.asked) + repr(msgspec.structs.asdict(outcome)) + repr(outcome) + caplog.text
    assert "[the key]" in caplog.text


def test_openais_key_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is named by its address gets neither OpenAI's key nor the names of the account."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    result, server = ask_once(model_server.hello)

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
        ("http://[::1/v1#m", "is not a valid address"),
        (f"http://me:{CANARY}@127.0.0.1/v1#m", "must not contain a user, password or query"),
        (f"https://127.0.0.1/v1?key={CANARY}#m", "must not contain a user, password or query"),
        ("mailbox:", "needs a folder"),
        ("replay:", "needs a trace"),
        ("replay:/no/such/trace", "no such folder"),
    ],
)
def test_wrong_model_strings_say_what_to_do(model: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not repeat a secret."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(ModelError, match=message) as found:
        client(model)

    assert CANARY not in str(found.value)


def test_known_models_have_their_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices come with the package, an unknown server has none, and a given price goes before."""
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
