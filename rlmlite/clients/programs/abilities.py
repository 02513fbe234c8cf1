"""What a server says it can: the way in which it takes a grammar for a controller's program.

    GET /props           llama.cpp: `default_generation_settings`                                       grammar
    GET /openapi.json    the fields that the requests of FastAPI's servers have: vLLM, SGLang,
                         llama-cpp-python                                                   the first field that fits
    GET /version         vLLM without its OpenAPI: its version                structured_outputs or guided_grammar
    GET /api/version     Ollama                                                                 response_format

Only what a server says is believed: one that says nothing of the kind is asked in words, as before. OpenAI's own
server is not asked, its models are known by name. Addresses are of the server's root, not of its API, and nothing but
the key of this server is sent. Not here: what becomes of a refusal (`writer`).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from rlmlite.clients.programs.ways import Way

Look: TypeAlias = Callable[[str], Awaitable[bytes | None]]
"""Gets a path of the server's root; `None` for any reply but HTTP 200."""

_FIELDS: Final[tuple[Way, ...]] = ("structured_outputs", "guided_grammar", "grammar", "ebnf")
"""Fields that take a grammar, the best one first."""

_REQUESTS: Final = ("ChatCompletionRequest", "CreateChatCompletionRequest")
"""How servers call the body of a request for a chat completion."""

_STRUCTURED_SINCE: Final = (0, 11)
"""The version of vLLM that has `structured_outputs`; it had `guided_grammar` until then."""

_WITH_GRAMMARS: Final = re.compile(r"gpt-(5|[6-9]|\d{2,})")
"""OpenAI's models that take custom tools with a grammar."""


def takes_lark(model: str) -> bool:
    """Whether a model of OpenAI takes a custom tool with a grammar."""
    return _WITH_GRAMMARS.match(model) is not None


async def find_way(look: Look) -> Way:
    """How a server says that it takes a grammar; `words` for one that says nothing of it."""
    props = _read(await look("/props"))
    if "default_generation_settings" in props:
        return "grammar"
    fields = _fields_of_requests(_read(await look("/openapi.json")))
    for way in _FIELDS:
        if way in fields:
            return way
    if version := re.match(r"(\d+)\.(\d+)", str(_read(await look("/version")).get("version", ""))):
        is_new = (int(version[1]), int(version[2])) >= _STRUCTURED_SINCE
        return "structured_outputs" if is_new else "guided_grammar"
    return "response_format" if "version" in _read(await look("/api/version")) else "words"


def _read(reply: bytes | None) -> Mapping[str, Any]:
    """A reply as a JSON object; an empty one for anything else."""
    try:
        document = msgspec.json.decode(reply or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _fields_of_requests(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a request for a chat completion, by the OpenAPI of a server."""
    try:
        schemas = document["components"]["schemas"]
        return next(schemas[name]["properties"] for name in _REQUESTS if name in schemas)
    except (KeyError, TypeError, StopIteration):
        return {}
