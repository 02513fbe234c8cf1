"""How model servers are called: the options that every client of a server shares."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Literal, TypeAlias

import msgspec

from rlmlite.clients.interface.prices import Price

WORKERS = 32
"""Calls under way at a time, by default."""

LONGEST_REPLY = 64 * 1024 * 1024
"""Bytes of an answer, whoever gives it; of a server's, unpacked. The longest of models are a thousandth of that."""

Decode: TypeAlias = Literal["auto", "none", "tool", "lark", "gbnf", "json-schema", "grammar"]
"""How a controller is held to the language.

`auto`: as its server says it can. `none`: by the words of the prompt. `tool`: it calls a function. `lark`: it calls a
custom tool whose input a grammar constrains. `gbnf`: a grammar constrains its reply. `json-schema`: its reply is the
program as structured data. `grammar` is the former name of `lark`.
"""

ATTEMPTS: ContextVar[int] = ContextVar("attempts", default=1)
"""How many attempts the last call of this task took. A client that retries counts here; only `timing.jsonl` shows it.

A context variable and not a part of `Result`, because attempts differ from run to run and must not get into a record.
"""


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """How model servers are called.

    workers: the most connections of a client.
    timeout: seconds from the start of an attempt to its last byte; with `stream`, of silence between two pieces.
    retries: attempts after the first.
    stream: whether an answer comes in pieces.
    decode: how a controller is held to the language: see `Decode`.
    temperature: `None` leaves it out of the request.
    max_output_tokens: tokens that an answer may have.
    prices: by model string; they override the published ones, and the price of `""` is for every other model.
    keys: by origin, the environment variable that holds the key: see `keys.bindings`, which makes them of hosts.
    tell: called with what a person should know, once for each thing.
    """

    workers: int = WORKERS
    timeout: float = 120.0
    retries: int = 4
    stream: bool = False
    decode: Decode | None = "auto"
    temperature: float | None = 0.0
    max_output_tokens: int = 1_024
    prices: Mapping[str, Price] = {}
    keys: Mapping[str, str] = {}
    tell: Callable[[str], None] = logging.getLogger("rlmlite").warning

    def price(self, model: str, published: Price | None) -> Price | None:
        """The price of a model: the one that the caller gave, else the published one."""
        return self.prices.get(model, self.prices.get("", published))
