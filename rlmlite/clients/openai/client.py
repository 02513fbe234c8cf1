"""`ModelServer`: a model behind a server that speaks OpenAI's chat completions or its Responses API.

A prompt is one user message; the answer is the reply, whole even when it is streamed: nobody reads half an answer.
Rules that this client keeps:

- A key comes from the environment and goes to its server, nowhere else: never into a model string, a body, a record
  or a message, not even if the server repeats it in an answer.
- A prompt goes to the address in the model string: no redirect is followed, `OPENAI_BASE_URL` is not read.
- Connections last as long as somebody holds the client (`async with`), else for one call.
- What a server refuses in a request is learnt once: a model that takes no `temperature` is then asked without it.
- After a wrong key, an unknown model or the like no further call is sent while the client is held: the next would
  meet the same.

Not here: what is learnt from refusals (`writer`), how a request and a reply look (`chat`, `responses`), attempts and
deadlines (`attempts`), model strings (`addresses`).
"""

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from rlmlite.clients.forms.ways import read_answer
from rlmlite.clients.interface.failures import FAILURES, without_secrets
from rlmlite.clients.interface.keys import OPENAI_ORIGIN, Key, is_this_machine, origin_of
from rlmlite.clients.interface.options import ATTEMPTS, Calling, Decode
from rlmlite.clients.interface.prices import Price
from rlmlite.clients.interface.program_forms import program_of
from rlmlite.clients.interface.protocol import Documents, ProgramRequest
from rlmlite.clients.openai.wire import WireFormat
from rlmlite.clients.openai.writer import Asked, RequestWriter
from rlmlite.clients.programs.choice import ProgramWays
from rlmlite.clients.programs.ways import form_of
from rlmlite_kernel.effects.requests import NO_USE, Failed, Failure, Request, Result, Usage
from rlmlite_kernel.records.settings import Role, Sampling

if TYPE_CHECKING:
    from rlmlite.clients.openai.connection import Connection, NoReply

_HOPELESS: frozenset[Failure] = frozenset({"unauthorized", "forbidden", "unknown_model", "wrong_address", "quota"})
"""Failures after which every further call would fail too: a wrong key, no such model."""

_MOST_MESSAGES = 10
"""Messages per client. A server that fails in ever new words must not flood the terminal."""

_MESSAGE_LENGTH = 300
"""Characters of what a server says. Some answer with a whole page of HTML."""


_OLLAMA_PORT = 11434


class Server(msgspec.Struct, frozen=True):
    """Where a model is asked: its model string, the server's address, its name there, its price if known, the API.

    `tokens_field` is the request's field that bounds the answer, which models name differently. `window` is what the
    price list says of it.
    """

    model: str
    base: str
    name: str
    price: Price | None
    wire: WireFormat
    tokens_field: str
    window: int | None = None


class _LoopState(msgspec.Struct, eq=False):
    """What is open for one event loop: the connection, once there was a call, and how many hold it."""

    connection: "Connection | None" = None
    holders: int = 0
    hopeless: Failed | None = None


class ModelServer:
    """A model behind a server. See the module for the rules that it keeps."""

    def __init__(self, server: Server, calling: Calling, key: Key | None = None) -> None:
        self._server, self._calling, self._key = server, calling, key
        self.unbound_origin = origin_of(server.base) if key is not None and key.unbound else None
        """Where a key goes that was bound to no host; None for a bound key and for none. See `check_shared_key`."""
        self._price = calling.price(server.model, server.price)
        self._is_openai = origin_of(server.base) == OPENAI_ORIGIN
        self._programs = ProgramWays(
            calling.decode or "none",
            server.name,
            is_openai=self._is_openai,
            is_responses=server.wire.path == "/responses",
        )
        self._writer = RequestWriter(server.name, server.wire, server.tokens_field, calling, self._programs, self._tell)
        # By loop, because a connection belongs to the loop that opened it, and a client may be used from several.
        self._held: dict[asyncio.AbstractEventLoop, _LoopState] = {}
        self._messages: set[str] = set()
        self._documents: Documents = {}

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
            sampling=Sampling(temperature=self._calling.temperature),
        )

    @property
    def server(self) -> str:
        """See `Windowed.server`: OpenAI's own says nothing of windows."""
        return "" if self._is_openai else self._server.base

    def ask_window(self, documents: Documents) -> int | None:
        """See `Windowed.ask_window`."""
        from rlmlite.clients.openai.looking import ask_window

        self._documents = documents
        key = None if self._key is None else self._key.text
        return ask_window(self._server.base, self._server.name, key, documents)

    def published_window(self) -> int | None:
        """See `Windowed.published_window`."""
        return self._server.window

    def get_ready(self) -> None:
        """See `Preparable.get_ready`: import the SDK, which takes 0.7 s, while the inputs are loaded.

        The first call imports it too, and so waits for what is left of that. The thread is a daemon: a run that is
        refused before its first call does not wait for it.
        """
        threading.Thread(target=_import_sdk, name="rlmlite-sdk", daemon=True).start()

    async def __aenter__(self) -> "ModelServer":
        loop = asyncio.get_running_loop()
        self._held.setdefault(loop, _LoopState()).holders += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        state = self._held[loop]
        state.holders -= 1
        # The last one out closes. The entry goes first, so that a call that begins meanwhile opens a connection anew.
        if not state.holders:
            del self._held[loop]
            if state.connection is not None:
                await state.connection.close()

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        # The call holds the client itself, so that the connection is closed after it if nobody else does.
        async with self:
            state = self._held[asyncio.get_running_loop()]
            if state.hopeless is not None:
                return state.hopeless
            if state.connection is None:
                state.connection = self._connect()
            # The state is looked up before the wait and changed after it: other calls of this loop run in between, and
            # any of them may find out that the rest is hopeless.
            reply, asked = await self._ask(state.connection, text, request)
            if isinstance(reply, bytes):
                return self._read_result(reply, request, asked)
            failed = self._report_failure(reply)
            if reply.failure in _HOPELESS:
                state.hopeless = msgspec.structs.replace(failed, usage=NO_USE)
            return failed

    async def _ask(self, connection: "Connection", text: str, request: Request) -> "tuple[bytes | NoReply, Asked]":
        """The reply, and how it was asked for. A request that is refused for one of its fields is written otherwise."""
        if isinstance(request, ProgramRequest):
            # Of nested runs that begin at the same time one looks, and the others wait for what it sees.
            async with connection.looking:
                await self._programs.settle(partial(self._look, connection))
        ATTEMPTS.set(0)
        asked = self._writer.begin(request)
        # It ends: every round gives up one field, or one way to send a schema, and there are only a few.
        while True:
            body = self._writer.body(text, request, asked)
            reply = await connection.ask(body)
            if isinstance(reply, bytes):
                self._writer.mark_answered(request, asked)
                return reply, asked
            other = self._writer.adapt(reply, body, request, asked)
            if other is None:
                return reply, asked
            asked = other

    async def _look(self, connection: "Connection", path: str) -> bytes | None:
        """What the server says of itself at a path of its root; what it has said already is not asked for again."""
        known = self._documents.get(connection.root + path)
        return await connection.look(path) if known is None else known

    def _read_result(self, reply: bytes, request: Request, asked: Asked) -> Result:
        result = self._server.wire.read_result(reply, self._price, asked.program.tool)
        sampling = self._writer.sampling(request, asked)
        # The model's window is reported as an error of the request; here it can only be the bound of the answer.
        if isinstance(result, Failed) and result.error == "too_long":
            limit = f"max_output_tokens {request.max_output_tokens:,}"
            self._tell(f"an answer was cut off at {limit}, so the call failed; raise the setting for longer answers")
        if isinstance(result, Failed):
            return msgspec.structs.replace(result, sampling=sampling)
        # A server can repeat what it was sent, and an answer is kept in the trace.
        answer = self._without_key(result.text)
        if request.schema is not None:
            answer = read_answer(answer, asked.form, request.schema)
        if form_of(asked.program.way) == "json-schema":
            answer = program_of(answer)
        return msgspec.structs.replace(result, text=answer, sampling=sampling)

    def _report_failure(self, failure: "NoReply") -> Failed:
        """The failure as a result; the user is told what the server said."""
        kind = FAILURES[failure.failure]
        status = f"HTTP {failure.status}, {failure.failure}" if failure.status else failure.failure
        one_line = " ".join(failure.message.split())
        words = without_secrets(one_line, None if self._key is None else self._key.text)[:_MESSAGE_LENGTH]
        said = f'{kind.meaning}; it says "{words}"' if words else kind.meaning
        advice = self._how_to_start() if failure.failure == "unreachable" else kind.advice
        self._tell(f"{status}: {said}" + (f"; {advice}" if advice else ""))
        # A 3xx or 4xx: refused before any work. What a timeout or a 500 costs, nobody knows.
        is_refused = 300 <= failure.status < 500 and not failure.begun
        is_unpaid = is_refused or failure.unsent
        detail = f"{advice}: {words}" if failure.failure == "unreachable" else f"{status}: {words}" if words else status
        return Failed(failure.failure, NO_USE if is_unpaid else Usage(), detail)

    def _how_to_start(self) -> str:
        """What to do where nothing answers: which address that is, and what would answer there."""
        base = self._server.base
        parts = urlsplit(base)
        if parts.port == _OLLAMA_PORT:
            start = "start Ollama with `ollama serve`, and fetch the model with `ollama pull`"
        elif is_this_machine(parts.hostname or ""):
            start = "start the server there, such as `llama-server` or `vllm serve`, or check the port"
        else:
            start = "check the address, the network and the proxy"
        return f"nothing answers at {base}: {start}"

    def _without_key(self, text: str) -> str:
        return text if self._key is None else text.replace(self._key.text, "[the key]")

    def _tell(self, message: str) -> None:
        """Tell the user something, once."""
        is_new = message not in self._messages
        if is_new and len(self._messages) < _MOST_MESSAGES:
            self._messages.add(message)
            self._calling.tell(f"{self.model}: {message}")

    def _connect(self) -> "Connection":
        from rlmlite.clients.openai.connection import AIOHTTP, Connection

        if not AIOHTTP:
            self._tell("aiohttp is not installed, so many parallel calls are slower; pip install 'rlmlite[aiohttp]'")
        key = None if self._key is None else self._key.text
        return Connection(self._server.base, key, self._calling, self._server.wire)


def _import_sdk() -> None:
    try:
        import rlmlite.clients.openai.connection  # noqa: F401
    # The first call will meet the same, and say so where the user can see it.
    except ImportError:
        return
