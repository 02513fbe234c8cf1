"""How a role is asked, on the wire: what each API has of it, and what a server refuses."""

import asyncio
from typing import Any

import pytest

from rlmlite.clients import Calling, client
from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.settings import Sampling
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.api_calls import CHAT, FREE, RESPONSES
from tests.rlmlite.clients.openai.model_server import Ask, Behaviour, hello, reply, serve

ALL = Sampling(temperature=0.5, top_p=0.9, seed=7, stop=("END",), reasoning_effort="low")
SETTINGS = ("temperature", "top_p", "seed", "stop", "reasoning_effort", "reasoning")


def ask(api: str, sampling: Sampling, behave: Behaviour = hello) -> tuple[list[Result], list[Ask], list[str]]:
    """Two calls of a role that is asked so."""
    said: list[str] = []
    how = Calling(retries=0, timeout=5.0, prices=FREE, tell=said.append)
    requests = [Request(f"{n:032x}", "judge", "m", 100, ("?",), 1, "0" * 64, sampling=sampling) for n in range(2)]

    async def run() -> tuple[list[Result], model_server.ModelServer]:
        async with serve(behave) as server:
            model = client(f"{server.url}{api}", how)
            return [await model.complete("hi", request) for request in requests], server

    results, server = asyncio.run(run())
    return results, server.asked, said


def settings_in(asked: Ask) -> dict[str, Any]:
    return {name: asked[name] for name in SETTINGS if name in asked}


def test_chat_has_all_of_it() -> None:
    """Under the names of OpenAI's API."""
    results, asked, said = ask(CHAT, ALL)

    sent = {"temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["END"], "reasoning_effort": "low"}
    assert [settings_in(each) for each in asked] == [sent, sent]
    assert [result.sampling for result in results] == [{}, {}]
    assert said == []


def test_what_an_api_lacks_is_said_and_recorded() -> None:
    """The Responses API has no seed and no stop."""
    results, asked, said = ask(RESPONSES, ALL)

    assert settings_in(asked[0]) == {"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "low"}}
    assert results[0].sampling == {"seed": "not sent", "stop": "not sent"}
    assert [message.partition(": ")[2] for message in said] == [
        "its API has no seed; asked without it",
        "its API has no stop; asked without it",
    ]


def test_a_role_that_says_nothing_is_asked_as_the_client_is() -> None:
    """With the client's temperature, and no other setting; so are roles of older traces."""
    results, asked, _ = ask(CHAT, Sampling())

    assert settings_in(asked[0]) == {"temperature": 0.0}
    assert results[0].sampling == {}


@pytest.mark.parametrize("setting", ["temperature", "top_p", "seed", "stop", "reasoning_effort"])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_refused_setting_is_left_out_said_and_recorded(setting: str, is_named: bool) -> None:
    """Once for the client's life: the second call is asked without it at once."""

    def behave(number: int, asked: Ask) -> bytes:
        if setting not in asked:
            return hello(number, asked)
        words = f"Unsupported parameter: '{setting}'"
        fault = {"message": words, "type": "x", "param": setting if is_named else None}
        return reply(400, {"error": fault})

    results, asked, said = ask(CHAT, ALL, behave)

    assert [setting in each for each in asked] == [True, False, False]
    assert all(isinstance(result, Answered) for result in results)
    assert [result.sampling for result in results] == [{setting: "not sent"}] * 2
    assert len(said) == 1
    assert f"it accepts no {setting}; asked without it" in said[0]
