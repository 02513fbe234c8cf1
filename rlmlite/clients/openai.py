"""Model servers that speak OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp, Ollama, OpenRouter and more.

A prompt is one user message; the answer is the first choice. There is no streaming: nobody reads half an answer here.
Rules that this keeps:

- A key comes from the environment and goes to its server, nowhere else: never into a model string, a request, a
  record or a message. `OPENAI_API_KEY` is for `openai:` alone, `RLMLITE_API_KEY` for servers named by address.
- A prompt goes to the address that the model string says: no redirect is followed, `OPENAI_BASE_URL` is not read.
- Connections last as long as somebody holds the client (`async with`), else for one call.
"""

import asyncio
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from rlmlite.clients.calling import ATTEMPTS, Calling
from rlmlite.errors import ModelError
from rlmlite.prices import FREE, Price, known
from rlmlite_kernel.effects import Failed, Request, Result, Usage
from rlmlite_kernel.settings import Role

if TYPE_CHECKING:
    from rlmlite.clients.openai_http import Connection, Fault

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://localhost:11434/v1"

_NOTHING = Usage(input_tokens=0, output_tokens=0, cost_nano=0)
_HOPELESS = (401, 404)  # a wrong key, no such model: the next call would meet the same


class Server(msgspec.Struct, frozen=True):
    """Where a model is asked: the model string, the address, the model's name there, what it costs if known."""

    model: str
    base: str
    name: str
    price: Price | None
    tokens_field: str = "max_tokens"


class ModelServer:
    """A model behind a server. See the module for the rules it keeps."""

    def __init__(self, server: Server, calling: Calling, key: str | None = None) -> None:
        self._server, self._calling, self._key = server, calling, key
        self._price = calling.price(server.model, server.price)
        self._temperature = calling.temperature
        self._tokens_field = server.tokens_field
        self._held: dict[asyncio.AbstractEventLoop, list[Any]] = {}
        self._hopeless: set[asyncio.AbstractEventLoop] = set()
        self._told: set[str] = set()

    @property
    def model(self) -> str:
        """See `Client.model`."""
        return self._server.model

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
        if loop not in self._held:
            self._held[loop] = [self._connection(), 0]
        self._held[loop][1] += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        held = self._held[loop]
        held[1] -= 1
        if not held[1]:
            del self._held[loop]
            self._hopeless.discard(loop)
            await held[0].close()

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        async with self:
            loop = asyncio.get_running_loop()
            if loop in self._hopeless:
                return Failed("refused", _NOTHING)
            result = await self._answer(self._held[loop][0], text, request)
            return result

    async def _answer(self, connection: "Connection", text: str, request: Request) -> Result:
        from rlmlite.clients.openai_wire import read

        ATTEMPTS.set(0)
        reply = await connection.ask(self._body(text, request))
        while not isinstance(reply, bytes) and self._adapted(reply):
            reply = await connection.ask(self._body(text, request))
        if not isinstance(reply, bytes):
            return self._failed(reply)
        result = read(reply, self._price)
        if isinstance(result, Failed) and result.error == "too_long":
            self._tell(f"an answer was cut off at max_output_tokens={request.max_output_tokens:,}, so it failed")
        return result

    def _body(self, text: str, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._server.name,
            "messages": [{"role": "user", "content": text}],
            self._tokens_field: request.max_output_tokens,
        }
        return body if self._temperature is None else body | {"temperature": self._temperature}

    def _adapted(self, fault: "Fault") -> bool:
        """Whether the call is worth another attempt: models that reason take no temperature, and another field."""
        if fault.status != 400:
            return False
        if fault.param == "temperature" and self._temperature is not None:
            self._temperature = None
            self._tell("it takes no temperature; asking without")
            return True
        if fault.param == "max_tokens" and self._tokens_field == "max_tokens":
            self._tokens_field = "max_completion_tokens"
            return True
        return False

    def _failed(self, fault: "Fault") -> Failed:
        status = f"HTTP {fault.status}" if fault.status else fault.failure
        if fault.status == 401:  # without the server's words: they quote the key
            self._tell(f"{status}: the key is missing or wrong")
        else:
            self._tell(f"{status}: {self._safe(fault.message)}" if fault.message else status)
        if fault.status in _HOPELESS:
            self._hopeless.add(asyncio.get_running_loop())
        unpaid = 300 <= fault.status < 500  # refused before any work; what a timeout or a 500 costs nobody knows
        return Failed(fault.failure, _NOTHING if unpaid else Usage())

    def _safe(self, message: str) -> str:
        return message.replace(self._key, "[the key]")[:300] if self._key else message[:300]

    def _tell(self, what: str) -> None:
        if what not in self._told and len(self._told) < 10:
            self._told.add(what)
            self._calling.tell(f"{self.model}: {what}")

    def _connection(self) -> "Connection":
        from rlmlite.clients.openai_http import AIOHTTP, Connection

        if not AIOHTTP:
            self._tell("aiohttp is not installed, so many calls at a time are slower; pip install 'rlmlite[aiohttp]'")
        return Connection(self._server.base, self._key, self._calling)


def openai_model(name: str, calling: Calling) -> ModelServer:
    """`openai:NAME`. Raises `ModelError`."""
    key = os.environ.get("OPENAI_API_KEY")
    if not name:
        raise ModelError("openai: needs a model: openai:NAME")
    if not key:
        raise ModelError(f"openai:{name} needs a key in the environment variable OPENAI_API_KEY")
    price = known(name, provider="openai")
    return ModelServer(
        Server(f"openai:{name}", OPENAI_URL, name, price, "max_completion_tokens"), calling, key
    )


def ollama_model(name: str, calling: Calling) -> ModelServer:
    """`ollama:NAME`: a model of Ollama on this machine, which costs nothing. Raises `ModelError`."""
    if not name:
        raise ModelError("ollama: needs a model: ollama:NAME")
    return ModelServer(Server(f"ollama:{name}", OLLAMA_URL, name, FREE), calling)


def url_model(model: str, calling: Calling) -> ModelServer:
    """`http://HOST/v1#NAME`. Raises `ModelError`."""
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
    return ModelServer(Server(model, base, name, known(name, url=base)), calling, os.environ.get("RLMLITE_API_KEY"))
