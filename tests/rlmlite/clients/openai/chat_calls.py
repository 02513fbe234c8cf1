"""Calls of a chat-completions server of ours: one by itself, and one per line of a text."""

import asyncio

import rlmlite
from rlmlite.clients import Calling, ModelServer, client
from rlmlite.clients.interface.prices import Price
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.model_server import Behaviour, Raw, completion, serve

FREE = {"": Price(0, 0)}
QUICK = Calling(retries=1, timeout=5.0, prices=FREE)
HELLO = Answered("hello", Usage(7, 3, 0))
FAN_OUT = 'parts = chunk(context, size=1, by="lines")\nsaid = extract_over_chunks(parts, "Read {chunk}")\nfinal(said)'


def request(index: int = 0, tokens: int = 100) -> Request:
    return Request(f"{index:032x}", "sub", "m", tokens, ("?",), 1, "0" * 64)


def ask_once(behave: Behaviour, calling: Calling = QUICK, text: str = "hi") -> tuple[Result, model_server.ModelServer]:
    """One call to a server that behaves so."""

    async def ask() -> tuple[Result, model_server.ModelServer]:
        async with serve(behave) as server:
            return await client(f"{server.url}#m", calling).complete(text, request()), server

    return asyncio.run(ask())


def numbered_lines(count: int) -> str:
    return "".join(f"line {n}\n" for n in range(count))


async def run_over(
    server: model_server.ModelServer, text: str, calling: Calling = QUICK, **more: object
) -> rlmlite.Outcome:
    sub = client(f"{server.url}#m", calling)
    return await rlmlite.execute_async(FAN_OUT, text, sub=sub, **more)  # type: ignore[arg-type]  # passed on as it is


def model_of(server: model_server.ModelServer, calling: Calling = QUICK) -> ModelServer:
    model = client(f"{server.url}#m", calling)
    assert isinstance(model, ModelServer)
    return model


def cut_short(answer: bytes) -> Raw:
    return Raw(answer[: len(answer) - 20])


WHOLE = completion("hello")
