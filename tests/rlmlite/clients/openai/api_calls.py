"""One call of a server of ours by either API."""

import asyncio
from typing import Any

from rlmlite.clients import Calling, ToolRequest, client
from rlmlite.clients.interface.prices import Price
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from tests.rlmlite.clients.openai import model_server
from tests.rlmlite.clients.openai.model_server import (
    Behaviour,
    completion,
    response,
    serve,
)

FREE = {"": Price(0, 0)}
HELLO = Answered("hello", Usage(7, 3, 0))
CHAT, RESPONSES = "#m", "/responses#m"
APIS = [CHAT, RESPONSES]
WHOLE = {CHAT: completion("hello"), RESPONSES: response("hello")}


def ask_once(
    api: str, behave: Behaviour, tool: ProgramTool | None = None, text: str = "hi", **settings: Any
) -> tuple[Result, model_server.ModelServer]:
    """One call to a server that behaves so."""
    how = Calling(**{"retries": 1, "timeout": 5.0, "prices": FREE, **settings})
    plain = ("0" * 32, "sub", "m", 100, ("?",), 1, "0" * 64)
    request = Request(*plain) if tool is None else ToolRequest(*plain, tool=tool)

    async def ask() -> tuple[Result, model_server.ModelServer]:
        async with serve(behave) as server:
            return await client(f"{server.url}{api}", how).complete(text, request), server

    return asyncio.run(ask())
