"""From model strings to model servers: which address, which API, which key, what price.

    openai:gpt-5                         https://api.openai.com/v1    chat completions   OPENAI_API_KEY, required
    openai-responses:gpt-5               the same                     Responses API      the same
    ollama:llama3                        http://localhost:11434/v1    chat completions   none
    http://h:8000/v1#m                   http://h:8000/v1             chat completions   RLMLITE_API_KEY, if set
    http://h:8000/v1/responses#m         http://h:8000/v1             Responses API      RLMLITE_API_KEY, if set

`OPENAI_API_KEY` is never sent to another server than OpenAI's. A model string is kept in traces, so an address that
holds a user, a password or a query is refused.
"""

import os
from urllib.parse import urlsplit

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.prices import FREE, published_price
from rlmlite.clients.openai.chat import Chat
from rlmlite.clients.openai.client import ModelServer, Server
from rlmlite.clients.openai.responses import Responses
from rlmlite.clients.openai.wire import WireFormat
from rlmlite.errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://localhost:11434/v1"

_CHAT, _RESPONSES = Chat(), Responses()
_OPENAI_CHAT_TOKENS = "max_completion_tokens"
_RESPONSES_TOKENS = "max_output_tokens"


def openai_model(name: str, calling: Calling) -> ModelServer:
    """`openai:NAME`, by chat completions. Raises `ModelError`."""
    return _openai_server("openai", name, calling, _CHAT, _OPENAI_CHAT_TOKENS)


def openai_responses_model(name: str, calling: Calling) -> ModelServer:
    """`openai-responses:NAME`, by the Responses API. Raises `ModelError`."""
    return _openai_server("openai-responses", name, calling, _RESPONSES, _RESPONSES_TOKENS)


def _openai_server(scheme: str, name: str, calling: Calling, wire: WireFormat, tokens_field: str) -> ModelServer:
    if not name:
        raise ModelError(f"{scheme}: needs a model: {scheme}:NAME")
    # Without a key every call would fail; better to say so before a run begins.
    key = os.environ.get("OPENAI_API_KEY")
    if not key:
        raise ModelError(f"{scheme}:{name} needs a key in the environment variable OPENAI_API_KEY")
    price = published_price(name, provider="openai")
    server = Server(f"{scheme}:{name}", OPENAI_URL, name, price, wire, tokens_field)
    return ModelServer(server, calling, key)


def ollama_model(name: str, calling: Calling) -> ModelServer:
    """`ollama:NAME`, a model of Ollama on this machine, which costs nothing. Raises `ModelError`."""
    if not name:
        raise ModelError("ollama: needs a model: ollama:NAME")
    return ModelServer(Server(f"ollama:{name}", OLLAMA_URL, name, FREE, _CHAT), calling)


def url_model(model: str, calling: Calling) -> ModelServer:
    """`http://HOST/v1#NAME` or `http://HOST/v1/responses#NAME`. Raises `ModelError`."""
    address, _, name = model.partition("#")
    # The name of the model is the fragment, which HTTP never sends, so it cannot be taken for part of the address.
    path = _check_address(model, address, name)
    # Not OPENAI_API_KEY: this server is anybody's.
    key = os.environ.get("RLMLITE_API_KEY")
    # The path of the API is taken off: `Connection` adds it to each request.
    if path.endswith(_RESPONSES.path):
        base = address.removesuffix(_RESPONSES.path)
        server = Server(model, base, name, published_price(name, url=base), _RESPONSES, _RESPONSES_TOKENS)
    else:
        server = Server(model, address, name, published_price(name, url=address), _CHAT)
    return ModelServer(server, calling, key)


def _check_address(model: str, address: str, name: str) -> str:
    """The path of a valid address. Raises `ModelError`."""
    # No message here quotes an address before it is known to hold no secret.
    try:
        parts = urlsplit(address)
        # A bad port raises only when it is looked at.
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ModelError(
            "the model string is not a valid address; expected one such as http://h:8000/v1#NAME"
        ) from None
    may_hold_secret = parts.username is not None or parts.password is not None or bool(parts.query)
    if may_hold_secret:
        raise ModelError(
            "an address must not contain a user, password or query, because traces keep it; "
            "put a key into the environment variable RLMLITE_API_KEY"
        )
    if not has_host or not name:
        raise ModelError(f"{model}: expected an address and a model, such as http://localhost:8000/v1#NAME")
    return parts.path
