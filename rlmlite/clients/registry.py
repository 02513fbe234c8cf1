"""Model strings: `scheme:rest` names a client."""

from collections.abc import Callable
from pathlib import Path

from rlmlite.clients.extractive.client import Extractive
from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.mailbox import Mailbox
from rlmlite.clients.openai.addresses import ollama_model, openai_model, openai_responses_model, url_model
from rlmlite.clients.scripted import Scripted
from rlmlite.errors import ModelError

SCHEMES: dict[str, tuple[str, str]] = {
    "openai": ("openai:NAME", "a model of OpenAI; the key is in OPENAI_API_KEY"),
    "openai-responses": ("openai-responses:NAME", "the same, by the Responses API instead of chat completions"),
    "http": (
        "http://HOST/v1#NAME",
        "a model of any server that speaks OpenAI's chat completions; https:// too; http://HOST/v1/responses#NAME "
        "for the Responses API",
    ),
    "ollama": ("ollama:NAME", "a model of Ollama on this machine"),
    "mailbox": ("mailbox:DIR", "whoever writes answers as files into DIR: a person, another program"),
    "replay": ("replay:TRACE", "answers as they were recorded in a trace"),
    "scripted": ("scripted:FILE", "says what the lines of FILE say"),
    "extractive": ("extractive:", "picks sentences by shared words; a baseline that reads no meaning"),
}
"""Each scheme with its form and what it is."""


def client(model: str, calling: Calling | None = None) -> Client:
    """The client that a model string names. `calling` is how servers are asked. Raises `ModelError`."""
    scheme, _, rest = model.partition(":")
    make = _CLIENTS.get(scheme)
    if make is None:
        known = "; ".join(f"{form} ({what})" for form, what in SCHEMES.values())
        raise ModelError(f"no model `{model}`: this version has {known}")
    return make(model if scheme in ("http", "https") else rest, calling or Calling())


def _scripted(rest: str, _: Calling) -> Client:
    if not rest:
        raise ModelError("scripted: needs a file: scripted:FILE")
    return Scripted.read(Path(rest))


def _extractive(rest: str, _: Calling) -> Client:
    if rest:
        raise ModelError(f"extractive: takes nothing after the colon, found `{rest}`")
    return Extractive()


def _mailbox(rest: str, calling: Calling) -> Client:
    if not rest:
        raise ModelError("mailbox: needs a folder: mailbox:DIR")
    return Mailbox(Path(rest), calling.tell)


def _replay(rest: str, _: Calling) -> Client:
    from rlmlite.clients.replay import Replay

    if not rest:
        raise ModelError("replay: needs a trace: replay:TRACE")
    return Replay.read(Path(rest))


_CLIENTS: dict[str, Callable[[str, Calling], Client]] = {
    "openai": openai_model,
    "openai-responses": openai_responses_model,
    "http": url_model,
    "https": url_model,
    "ollama": ollama_model,
    "mailbox": _mailbox,
    "replay": _replay,
    "scripted": _scripted,
    "extractive": _extractive,
}
