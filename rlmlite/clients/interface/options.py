"""How model servers are asked: the settings that every client of a server shares."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Literal, TypeAlias

import msgspec

from rlmlite.clients.interface.prices import Price

WORKERS = 32
"""Calls under way at a time, unless told otherwise."""

Decode: TypeAlias = Literal["tool", "grammar"]
"""How a controller gives its program other than as text: by calling a function, or a custom tool with a grammar."""

ATTEMPTS: ContextVar[int] = ContextVar("attempts", default=1)
"""How often the last call of this task was tried. A client that tries again counts here; for `timing.jsonl` only."""


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """How model servers are asked.

    `workers` bounds the connections of a client, `timeout` the seconds from the start of an attempt to its last byte,
    `retries` the attempts after the first. With `stream` the answer comes in pieces, and `timeout` bounds the seconds
    in which nothing comes. `decode` says how a controller gives its program: as text, or by calling a tool, whose
    argument is held to a grammar or is not. `temperature` is left out when it is `None`. `prices` are by model string
    and go before the known ones; the one of `""` is for every model without its own. `tell` hears what a person
    should know, once each.
    """

    workers: int = WORKERS
    timeout: float = 120.0
    retries: int = 4
    stream: bool = False
    decode: Decode | None = None
    temperature: float | None = 0.0
    max_output_tokens: int = 1_024
    prices: Mapping[str, Price] = {}
    tell: Callable[[str], None] = logging.getLogger("rlmlite").warning

    def price(self, model: str, known: Price | None) -> Price | None:
        """What a model costs: as told, else as known."""
        return self.prices.get(model, self.prices.get("", known))
