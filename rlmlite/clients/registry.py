"""Model strings: `scheme:rest` names a client.

All schemes are in one table, with their documentation: the error for an unknown one and the reference page are made
from it. A client's module is imported when a model string asks for it, since a run uses one or two of them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.placeholders import BY_HAND, ByHand
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.interface.roles import is_of
from rlmlite.errors import ModelError
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.records.settings import CONTROLLER_ROLE, SUB_ROLE


class Scheme(msgspec.Struct, frozen=True):
    """A scheme of model strings: its form and who answers, for people, and what makes the client.

    `make` gets what follows the colon (for a URL the whole model string), and the role. It raises `ModelError`.
    `is_server` says that prompts are sent over a connection. Without it, this process answers from its own code and
    from files.
    """

    form: str
    who: str
    make: Callable[[str, Calling, str], Client]
    is_server: bool


def client(model: str, calling: Calling | None = None, role: str = SUB_ROLE) -> Client:
    """The client that a model string names for a role; `calling` says how servers are asked. Raises `ModelError`."""
    scheme, rest = _scheme_of(model)
    if scheme is None:
        # A model without a scheme (`gpt-5`) ends here too. No server is guessed: prompts may be confidential.
        known = "; ".join(f"{scheme.form} ({scheme.who})" for scheme in SCHEMES.values())
        raise ModelError(f"there is no model `{model}`; a model is one of: {known}")
    return scheme.make(rest, calling or Calling(), role)


def asks_server(model: str) -> bool:
    """Whether the client of a model string would send prompts to a server, be it on this machine.

    So the caller must have named it: a folder or a trace may not. True for a model string of no known scheme, which may
    be anything; false for `hand:`, whose calls somebody answers.
    """
    if model == BY_HAND:
        return False
    scheme, _ = _scheme_of(model)
    # `hand:x` is no model, whatever it was meant to be.
    return scheme is None or scheme.is_server or scheme is SCHEMES["hand"]


def _scheme_of(model: str) -> tuple[Scheme | None, str]:
    """The scheme of a model string, None if there is no such scheme, and what `Scheme.make` gets."""
    name, _, rest = model.partition(":")
    # In a URL the scheme is part of the address.
    if name in ("http", "https"):
        return SCHEMES["http"], model
    return SCHEMES.get(name), rest


# One function per scheme, so that the modules behind them are imported inside.


def _openai(name: str, calling: Calling, _: str) -> Client:
    from rlmlite.clients.openai.addresses import openai_model

    return openai_model(name, calling)


def _openai_responses(name: str, calling: Calling, _: str) -> Client:
    from rlmlite.clients.openai.addresses import openai_responses_model

    return openai_responses_model(name, calling)


def _url(model: str, calling: Calling, _: str) -> Client:
    from rlmlite.clients.openai.addresses import url_model

    return url_model(model, calling)


def _ollama(name: str, calling: Calling, _: str) -> Client:
    from rlmlite.clients.openai.addresses import ollama_model

    return ollama_model(name, calling)


def _mailbox(folder: str, calling: Calling, _: str) -> Client:
    from rlmlite.clients.mailbox import Mailbox

    if not folder:
        raise ModelError("mailbox: needs a folder: mailbox:DIR")
    return Mailbox(Path(folder), calling.tell)


def _replay(trace: str, _: Calling, role: str) -> Client:
    from rlmlite.clients.replay import ReplayClient

    if not trace:
        raise ModelError("replay: needs a trace: replay:TRACE")
    if is_of(role, CONTROLLER_ROLE) or is_of(role, NESTED_ROLE):
        raise ModelError(
            f"replay:{trace} cannot play `{role}`: it has a trace's answers to calls of programs, and no programs; "
            "`rlmlite trace replay` executes those again"
        )
    return ReplayClient.read(Path(trace), role)


def _by_hand(rest: str, _: Calling, role: str) -> Client:
    if rest:
        raise ModelError(f"hand: takes nothing after the colon, found `{rest}`")
    return ByHand()


def _script(file: str, _: Calling, _role: str) -> Client:
    from rlmlite.clients.scripted import Scripted

    if not file:
        raise ModelError("scripted: needs a file: scripted:FILE")
    return Scripted.read(Path(file))


def _extractive(rest: str, _: Calling, _role: str) -> Client:
    from rlmlite.clients.extractive.client import Extractive

    if rest:
        raise ModelError(f"extractive: takes nothing after the colon, found `{rest}`")
    return Extractive()


SCHEMES: Final[dict[str, Scheme]] = {
    "openai": Scheme("openai:NAME", "a model of OpenAI; the key is in OPENAI_API_KEY", _openai, is_server=True),
    "openai-responses": Scheme(
        "openai-responses:NAME",
        "the same, by the Responses API instead of chat completions",
        _openai_responses,
        is_server=True,
    ),
    "http": Scheme(
        "http://HOST/v1#NAME",
        "a model of any server that offers OpenAI's chat completions, also with https://; "
        "http://HOST/v1/responses#NAME for the Responses API",
        _url,
        is_server=True,
    ),
    "ollama": Scheme("ollama:NAME", "a model of Ollama on this machine", _ollama, is_server=True),
    "mailbox": Scheme(
        "mailbox:DIR", "a person or program that writes answers as files into DIR", _mailbox, is_server=False
    ),
    "replay": Scheme("replay:TRACE", "the answers recorded in a trace", _replay, is_server=False),
    "scripted": Scheme(
        "scripted:FILE", "the replies written in FILE, for tests and demonstrations", _script, is_server=False
    ),
    "hand": Scheme(
        BY_HAND,
        "in sessions: whoever holds the session, with `session pending` and `resume`",
        _by_hand,
        is_server=False,
    ),
    "extractive": Scheme(
        "extractive:",
        "a baseline without a model: picks sentences by shared words, understands nothing",
        _extractive,
        is_server=False,
    ),
}
"""The schemes by name, in the order in which people are shown them. `https` is `http`."""
