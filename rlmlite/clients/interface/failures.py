"""Why a call has no answer: each kind of failure with its meaning, whether asking again may help, and what to do.

One table. Clients name failures by its codes, the messages of the command line take their advice from it, and
`docs/reference/faults.md` prints it.

    HTTP 401                         unauthorized    final        set the variable that holds the key
    HTTP 429 insufficient_quota      quota           final        add credit, or use another model
    HTTP 429                         rate            try again    fewer workers, or wait

Not here: which error of a server is which (`rlmlite.clients.openai.connection`).
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from rlmlite_kernel.effects.requests import Failure


class FailureKind(NamedTuple):
    """A kind of failure. `is_retryable`: the same call may succeed later, with nothing changed."""

    meaning: str
    is_retryable: bool
    advice: str = ""


FAILURES: Final[Mapping[Failure, FailureKind]] = {
    "timeout": FailureKind("there was no reply in time", True, "raise --timeout, or stream the answers (--stream)"),
    "rate": FailureKind("the provider is limiting the rate of calls", True, "wait, or ask with fewer --workers"),
    "quota": FailureKind("the account has no credit left", False, "add credit, or name another model"),
    "unauthorized": FailureKind(
        "the key is missing or wrong", False, "set the variable that holds the key for this host: see `keys`"
    ),
    "forbidden": FailureKind(
        "the key may not do this", False, "ask whoever manages the account for access to this model"
    ),
    "unknown_model": FailureKind(
        "the server has no model of this name", False, "check the name after `#` or the scheme; fetch the model first"
    ),
    "wrong_address": FailureKind(
        "the server has no such API at this address", False, "check the address; most servers have the API under /v1"
    ),
    "filtered": FailureKind(
        "a filter of the provider stopped the prompt or the answer", False, "change the words, or leave that text out"
    ),
    "refused": FailureKind("the provider or the model refused, and would refuse again", False),
    "too_long": FailureKind(
        "the prompt is longer than `call_prompt_bytes` or the model's window, or the answer was cut off",
        False,
        "use smaller chunks, or raise max_output_tokens for an answer that was cut off",
    ),
    "window": FailureKind(
        "the server's window cut the prompt: it counts fewer tokens than the prompt must have",
        False,
        "raise the server's window (Ollama: OLLAMA_CONTEXT_LENGTH, llama.cpp: -c, vLLM: truncate_prompt_tokens), or "
        "use smaller chunks",
    ),
    "schema": FailureKind("the reply does not match the requested form", True),
    "malformed": FailureKind(
        "the reply is not one of this API", True, "check that the address is a model server, and not a proxy's page"
    ),
    "unavailable": FailureKind("the model, the tool, or whoever approves failed or broke off", True, "try again later"),
    "unreachable": FailureKind("nothing answers at the address", True, "start the server, or check the address"),
    "dns": FailureKind("the name of the host is not known", True, "check the address and the network"),
    "tls": FailureKind(
        "the connection could not be secured", False, "check the certificate, and whether the address is http or https"
    ),
    "cancelled": FailureKind("the call was cancelled", True),
    "budget": FailureKind("tokens or cost ran out, and the call was not made", False, "raise the limit"),
    "raised": FailureKind("the tool raised an error", False),
    "unknown": FailureKind(
        "a tool with side effects was called, but its end was not recorded; it was not called again", False
    ),
    "no_answer": FailureKind("the nested run ended without an answer", False),
    "deadline": FailureKind(
        "the time of the run was over before the call had ended, or before it was made", True, "raise --max-time"
    ),
}
"""Every kind of failure."""

_USER_IN_ADDRESS = re.compile(r"://[^/\s@]*@")
"""A user and password in an address: the error for a proxy has them, if the variable that names it does."""

_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\beyJ[\w-]+\.[\w.-]+|[\w-]*\*{3,}[\w*-]*"
)
"""What servers quote of keys, ours or another: whole, or with stars in the middle."""

_KNOWN_RUN = 6
"""Characters of the key that no word may share with it: servers quote its beginning or its end."""


def without_secrets(message: str, key: str | None) -> str:
    """A server's words without keys: without ours, every word that quotes a part of it, and what looks like one."""
    # Before the message is cut, or half a key could stand at its end.
    if key:
        message = message.replace(key, "[the key]")
        parts = [key[at : at + _KNOWN_RUN] for at in range(max(1, len(key) - _KNOWN_RUN + 1))]
        words = re.split(r"(\s+)", message)
        message = "".join("[the key]" if any(part in word for part in parts) else word for word in words)
    return _LIKE_A_KEY.sub("[a key]", _USER_IN_ADDRESS.sub("://", message))
