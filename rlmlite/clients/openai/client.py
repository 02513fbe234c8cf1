"""Model servers that speak OpenAI's chat completions or its Responses API: OpenAI itself, vLLM, Ollama and more.

A prompt is one user message; the answer is its reply, whole, also when it is streamed: nobody reads half an answer
here. What differs between the APIs is in `openai_chat` and `openai_responses`. Rules that this keeps:

- A key comes from the environment and goes to its server, nowhere else: never into a model string, a request, a
  record or a message. `OPENAI_API_KEY` is for `openai:` alone, `RLMLITE_API_KEY` for servers named by address.
- A prompt goes to the address that the model string says: no redirect is followed, `OPENAI_BASE_URL` is not read.
- Connections last as long as somebody holds the client (`async with`), else for one call.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from rlmlite.clients.interface.options import ATTEMPTS, Calling, Decode
from rlmlite.clients.interface.prices import FREE, Price, known
from rlmlite.clients.interface.protocol import ToolRequest
from rlmlite.clients.openai.chat import Chat
from rlmlite.clients.openai.responses import Responses
from rlmlite.clients.openai.wire import Wire
from rlmlite.errors import ModelError
from rlmlite_grammar.decode import ProgramTool
from rlmlite_kernel.effects.requests import NO_USE, Failed, Request, Result, Usage
from rlmlite_kernel.records.settings import Role

if TYPE_CHECKING:
    from rlmlite.clients.openai.http import Connection, Fault

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://localhost:11434/v1"

_CHAT, _RESPONSES = Chat(), Responses()
_RESPONSES_TOKENS = "max_output_tokens"
_SPARE = {
    "temperature": "it takes no temperature; asked without",
    "stream_options": "it takes no stream_options; asked without, so what its calls cost may stay unknown",
    "parallel_tool_calls": "",
}
"""Fields that can be left out for a server that refuses them, and what a person is told."""

_HOPELESS = (401, 404)  # a wrong key, no such model: the next call would meet the same


class Server(msgspec.Struct, frozen=True):
    """Where a model is asked: the model string, the address, the model's name there, what it costs if known, how."""

    model: str
    base: str
    name: str
    price: Price | None
    wire: Wire = _CHAT
    tokens_field: str = "max_tokens"


class _Held(msgspec.Struct, eq=False):
    """What is open for one event loop, once there was a call, and how many need it."""

    connection: "Connection | None" = None
    holders: int = 0
    hopeless: bool = False


class ModelServer:
    """A model behind a server. See the module for the rules it keeps."""

    def __init__(self, server: Server, calling: Calling, key: str | None = None) -> None:
        self._server, self._calling, self._key = server, calling, key
        self._price = calling.price(server.model, server.price)
        self._without: set[str] = set() if calling.temperature is not None else {"temperature"}
        self._tokens_field = server.tokens_field
        self._held: dict[asyncio.AbstractEventLoop, _Held] = {}
        self._told: set[str] = set()

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return self._server.model

    @property
    def decode(self) -> Decode | None:
        """See `Constrained.decode`."""
        return self._calling.decode

    def role(self) -> Role:
        """See `Metered.role`."""
        price = self._price
        return Role(
            model=self.model,
            max_output_tokens=self._calling.max_output_tokens,
            input_price=None if price is None else price.input,
            output_price=None if price is None else price.output,
        )

    async def __aenter__(self) -> "ModelServer":
        loop = asyncio.get_running_loop()
        self._held.setdefault(loop, _Held()).holders += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        held = self._held[loop]
        held.holders -= 1
        if not held.holders:
            del self._held[loop]
            if held.connection is not None:
                await held.connection.close()

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        async with self:
            held = self._held[asyncio.get_running_loop()]
            if held.hopeless:
                return Failed("refused", NO_USE)
            if held.connection is None:
                held.connection = self._connection()
            reply = await self._reply(held.connection, text, request)
            if isinstance(reply, bytes):
                return self._read(reply, request)
            if reply.status in _HOPELESS:
                held.hopeless = True
            return self._failed(reply)

    async def _reply(self, connection: "Connection", text: str, request: Request) -> "bytes | Fault":
        ATTEMPTS.set(0)
        while True:
            body = self._body(text, request)
            reply = await connection.ask(body)
            if isinstance(reply, bytes) or not self._adapted(body, reply):
                return reply

    def _read(self, reply: bytes, request: Request) -> Result:
        result = self._server.wire.read(reply, self._price, _tool(request))
        if isinstance(result, Failed) and result.error == "too_long":
            self._tell(f"an answer was cut off at max_output_tokens {request.max_output_tokens:,}, so it failed")
        return result

    def _body(self, text: str, request: Request) -> dict[str, Any]:
        wire = self._server.wire
        body = {
            "model": self._server.name,
            **wire.body(text, _tool(request)),
            self._tokens_field: request.max_output_tokens,
            "temperature": self._calling.temperature,
            **(wire.streaming() if self._calling.stream else {}),
        }
        return {field: value for field, value in body.items() if field not in self._without}

    def _adapted(self, asked: Mapping[str, Any], fault: "Fault") -> bool:
        """Whether to ask again in another way: models that reason take no temperature, and name a field otherwise."""
        field = (fault.param or "").partition(".")[0]
        if fault.status != 400 or field not in asked:
            return False
        if field == "max_tokens":
            self._tokens_field = "max_completion_tokens"
            return True
        if field not in _SPARE:
            return False
        self._without.add(field)
        if _SPARE[field]:
            self._tell(_SPARE[field])
        return True

    def _failed(self, fault: "Fault") -> Failed:
        status = f"HTTP {fault.status}" if fault.status else fault.failure
        if fault.status == 401:  # without the server's words: they quote the key
            self._tell(f"{status}: the key is missing or wrong")
        else:
            self._tell(f"{status}: {self._safe(fault.message)}" if fault.message else status)
        unpaid = (
            300 <= fault.status < 500 and not fault.begun
        )  # refused before any work; what a timeout or a 500 costs nobody knows
        return Failed(fault.failure, NO_USE if unpaid else Usage())

    def _safe(self, message: str) -> str:
        return message.replace(self._key, "[the key]")[:300] if self._key else message[:300]

    def _tell(self, what: str) -> None:
        if what not in self._told and len(self._told) < 10:
            self._told.add(what)
            self._calling.tell(f"{self.model}: {what}")

    def _connection(self) -> "Connection":
        from rlmlite.clients.openai.http import AIOHTTP, Connection

        if not AIOHTTP:
            self._tell("aiohttp is not installed, so many calls at a time are slower; pip install 'rlmlite[aiohttp]'")
        return Connection(self._server.base, self._key, self._calling, self._server.wire)


def _tool(request: Request) -> ProgramTool | None:
    return request.tool if isinstance(request, ToolRequest) else None


def openai_model(name: str, calling: Calling) -> ModelServer:
    """`openai:NAME`: by chat completions. Raises `ModelError`."""
    return _of_openai("openai", name, calling, _CHAT, "max_completion_tokens")


def openai_responses_model(name: str, calling: Calling) -> ModelServer:
    """`openai-responses:NAME`: by the Responses API. Raises `ModelError`."""
    return _of_openai("openai-responses", name, calling, _RESPONSES, _RESPONSES_TOKENS)


def _of_openai(scheme: str, name: str, calling: Calling, wire: Wire, tokens_field: str) -> ModelServer:
    key = os.environ.get("OPENAI_API_KEY")
    if not name:
        raise ModelError(f"{scheme}: needs a model: {scheme}:NAME")
    if not key:
        raise ModelError(f"{scheme}:{name} needs a key in the environment variable OPENAI_API_KEY")
    price = known(name, provider="openai")
    return ModelServer(Server(f"{scheme}:{name}", OPENAI_URL, name, price, wire, tokens_field), calling, key)


def ollama_model(name: str, calling: Calling) -> ModelServer:
    """`ollama:NAME`: a model of Ollama on this machine, which costs nothing. Raises `ModelError`."""
    if not name:
        raise ModelError("ollama: needs a model: ollama:NAME")
    return ModelServer(Server(f"ollama:{name}", OLLAMA_URL, name, FREE), calling)


def url_model(model: str, calling: Calling) -> ModelServer:
    """`http://HOST/v1#NAME`: by chat completions; `http://HOST/v1/responses#NAME`: by the Responses API.

    Raises `ModelError`.
    """
    base, _, name = model.partition("#")
    try:
        parts = urlsplit(base)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ModelError(f"{base} is no address") from None
    if parts.username is not None or parts.password is not None or parts.query:
        raise ModelError(  # without the address: it may hold a secret
            "an address must hold no key, user or query: it is kept in traces; a key goes into RLMLITE_API_KEY"
        )
    if not good or not name:
        raise ModelError(f"{model}: expected an address and a model, such as http://localhost:8000/v1#NAME")
    server = Server(model, base, name, known(name, url=base))
    if parts.path.endswith(_RESPONSES.path):
        above = base.removesuffix(_RESPONSES.path)
        server = Server(model, above, name, known(name, url=above), _RESPONSES, _RESPONSES_TOKENS)
    return ModelServer(server, calling, os.environ.get("RLMLITE_API_KEY"))
