"""What a server says of a model's window, read out of its documents.

    GET /v1/models    {"data": [{"id": NAME, "max_model_len": 8192}]}                    vLLM, SGLang
                      {"data": [{"id": NAME, "context_length": 131072}]}                 OpenRouter, Together
                      {"data": [{"id": NAME, "context_window": 32768}]}                  Groq
                      {"data": [{"id": NAME, "meta": {"n_ctx_train": 8192}}]}            llama.cpp, as trained
    GET /props        {"default_generation_settings": {"n_ctx": 4096}}                   llama.cpp, for a call
    GET /api/ps       {"models": [{"name": NAME, "context_length": 4096}]}               Ollama, as loaded now
    POST /api/show    {"parameters": "num_ctx 8192", "model_info": {"llama.context_length": 131072}}   Ollama

Where several numbers are said, the least counts: a model that could read more reads no more than its server lets it.
A document of another form, or a number that no window has, says nothing. Not here: asking for documents
(`clients.openai.looking`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

LARGEST: Final = 1_000_000_000
"""Tokens. A server that says more means something else."""

_SERVED: Final = ("max_model_len", "context_length", "context_window", "max_context_length", "loaded_context_length")
"""Fields of a model in a server's list that say its window."""

_OF_META: Final = ("n_ctx", "n_ctx_train")
_NUM_CTX: Final = re.compile(r"^\s*num_ctx\s+(\d{1,10})\s*$", re.M)


def read_document(reply: bytes | None) -> Mapping[str, Any]:
    """A reply as a JSON object; an empty one for anything else."""
    try:
        document = msgspec.json.decode(reply or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def model_in(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The entry of a model in a list of models; of a list of one, that one, whatever it is called there."""
    listed = document.get("data")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    named = [entry for entry in entries if entry.get("id") == name]
    if named:
        return named[0]
    return entries[0] if len(entries) == 1 else {}


def window_of_model(entry: Mapping[str, Any]) -> int | None:
    """The window that an entry of a list of models says."""
    provider = entry.get("top_provider")
    of_provider = provider.get("context_length") if isinstance(provider, dict) else None
    return _least([*(entry.get(field) for field in _SERVED), of_provider])


def trained_window(entry: Mapping[str, Any]) -> int | None:
    """What the model of an entry was trained for: its server may let it read less."""
    meta = entry.get("meta")
    return _least(meta.get(field) for field in _OF_META) if isinstance(meta, dict) else None


def window_of_props(document: Mapping[str, Any]) -> int | None:
    """The window of a call, by llama.cpp's `/props`."""
    settings = document.get("default_generation_settings")
    return _least([settings.get("n_ctx")]) if isinstance(settings, dict) else None


def window_of_loaded(document: Mapping[str, Any], name: str) -> int | None:
    """The window of a model that Ollama has loaded, by `/api/ps`."""
    models = document.get("models")
    for entry in models if isinstance(models, list) else []:
        if isinstance(entry, dict) and name in _names_of(entry):
            return _least([entry.get("context_length")])
    return None


def _names_of(entry: Mapping[str, Any]) -> Iterator[str]:
    for field in ("name", "model"):
        value = entry.get(field)
        if isinstance(value, str):
            yield value
            yield value.removesuffix(":latest")  # which Ollama adds where no tag is said


def window_of_show(document: Mapping[str, Any]) -> int | None:
    """The window of a model by Ollama's `/api/show`: as its Modelfile sets it, else as it was trained."""
    parameters, info = document.get("parameters"), document.get("model_info")
    if isinstance(parameters, str) and (match := _NUM_CTX.search(parameters)):
        return _least([int(match[1])])
    if not isinstance(info, dict):
        return None
    return _least(value for key, value in info.items() if str(key).endswith(".context_length"))


def _least(values: Iterable[object]) -> int | None:
    """The least of what are windows."""
    windows = [value for value in values if type(value) is int and 0 < value <= LARGEST]
    return min(windows, default=None)
