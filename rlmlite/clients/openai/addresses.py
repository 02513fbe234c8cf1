"""From model strings to model servers: which address, which API, which key, what price.

    openai:gpt-5                         https://api.openai.com/v1    chat completions   required
    openai-responses:gpt-5               the same                     Responses API      required
    ollama:llama3                        http://localhost:11434/v1    chat completions   none
    http://h:8000/v1#m                   http://h:8000/v1             chat completions   if one is bound to h:8000
    http://h:8000/v1/responses#m         http://h:8000/v1             Responses API      the same

Which key a server gets is decided by its origin alone (`rlmlite.clients.interface.keys`). A model string is kept in
traces, so an address that holds a user, a password or a query is refused.
"""

from urllib.parse import urlsplit

from rlmlite.clients.interface.keys import OPENAI_ORIGIN, Key, key_of, origin_of
from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.prices import FREE, published_price, published_window
from rlmlite.clients.openai.chat import Chat
from rlmlite.clients.openai.client import ModelServer, Server
from rlmlite.clients.openai.responses import Responses
from rlmlite.clients.openai.wire import WireFormat
from rlmlite.errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://localhost:11434/v1"

_CHAT, _RESPONSES = Chat(), Responses()
_CHAT_TOKENS = "max_tokens"
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
    # Raises where there is none: every call would fail, and it is better to say so before a run begins.
    key = key_of(OPENAI_ORIGIN, calling.keys)
    price, window = published_price(name, provider="openai"), published_window(name, provider="openai")
    server = Server(f"{scheme}:{name}", OPENAI_URL, name, price, wire, tokens_field, window)
    return ModelServer(server, calling, key)


def ollama_model(name: str, calling: Calling) -> ModelServer:
    """`ollama:NAME`, a model of Ollama on this machine, which costs nothing. Raises `ModelError`."""
    if not name:
        raise ModelError("ollama: needs a model: ollama:NAME")
    return ModelServer(Server(f"ollama:{name}", OLLAMA_URL, name, FREE, _CHAT, _CHAT_TOKENS), calling)


def url_model(model: str, calling: Calling) -> ModelServer:
    """`http://HOST/v1#NAME` or `http://HOST/v1/responses#NAME`. Raises `ModelError`."""
    address, _, name = model.partition("#")
    # The name of the model is the fragment, which HTTP never sends, so it cannot be taken for part of the address.
    path = _check_address(model, address, name)
    key = _key_for(address, calling)
    # The path of the API is taken off: `Connection` adds it to each request.
    wire: WireFormat
    if path.endswith(_RESPONSES.path):
        base = address.removesuffix(_RESPONSES.path)
        wire, tokens_field = _RESPONSES, _RESPONSES_TOKENS
    else:
        base, wire, tokens_field = address, _CHAT, _CHAT_TOKENS
    price, window = published_price(name, url=base), published_window(name, url=base)
    server = Server(model, base, name, price, wire, tokens_field, window)
    return ModelServer(server, calling, key)


def _check_address(model: str, address: str, name: str) -> str:
    """The path of a valid address. Raises `ModelError`."""
    # No message here quotes an address before it is known to hold no secret.
    try:
        parts = urlsplit(address)
    except ValueError:
        raise ModelError(_NO_ADDRESS) from None
    may_hold_secret = parts.username is not None or parts.password is not None or bool(parts.query)
    if may_hold_secret:
        raise ModelError(
            "an address must not contain a user, password or query, because traces keep it; "
            "put a key into an environment variable, and bind it to its host: see `keys` in the settings"
        )
    if not parts.netloc or not name:
        raise ModelError(f"{model}: expected an address and a model, such as http://localhost:8000/v1#NAME")
    if origin_of(address) is None:
        raise ModelError(_NO_ADDRESS)
    return parts.path


_NO_ADDRESS = "the model string is not a valid address; expected one such as http://h:8000/v1#NAME"


def _key_for(address: str, calling: Calling) -> Key | None:
    origin = origin_of(address)
    assert origin is not None  # `_check_address` has refused others
    return key_of(origin, calling.keys)
