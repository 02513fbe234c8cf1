"""What a run may do and may cost: limits, roles and policy, fixed at `begin` and recorded in the genesis."""

from typing import TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

Amount = TypeVar("Amount", int, npt.NDArray[np.int64])
"""One call's number, or an array of them, one a call."""

Amounts: TypeAlias = dict[str, int]
"""Counters by resource name; the names are the fields of `Limits`."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard budgets, never exceeded, then the two settled ones (`tokens`, `cost_nano`; `None` is no limit).

    Bytes are bytes, `search_work` is work units (window bytes; see `engines.find`), the rest are counts.
    """

    turns: int = 30
    steps: int = 2_000
    sub_calls: int = 1_000
    call_prompt_bytes: int = 400_000
    prompt_bytes: int = 1_000_000_000
    output_tokens: int = 10_000_000
    observation_bytes: int = 10_000
    value_bytes: int = 256_000_000
    variables: int = 1_000
    chunks: int = 1_000_000
    search_work: int = 20_000_000_000
    tokens: int | None = None
    cost_nano: int | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model behind a role and how its calls are reserved.

    A call reserves ceil(prompt bytes x 1000 / bytes_per_1000_tokens) + `max_output_tokens` tokens, and their price in
    nano-dollars per 1,000 tokens (`None`: the price is unknown, which a cost limit refuses).
    """

    model: str
    max_output_tokens: int = 1_024
    bytes_per_1000_tokens: int = 3_000
    input_price: int | None = None
    output_price: int | None = None

    def reserved_tokens(self, prompt_bytes: Amount) -> Amount:
        """The tokens that a call of so long a prompt reserves: the prompt's, rounded up, and its longest answer."""
        return -(-prompt_bytes * 1_000 // self.bytes_per_1000_tokens) + self.max_output_tokens

    def reserved_cost(self, prompt_bytes: Amount) -> Amount | None:
        """What such a call reserves in nano-dollars; `None` where the price is unknown."""
        if self.input_price is None or self.output_price is None:
            return None
        prompt = self.reserved_tokens(prompt_bytes) - self.max_output_tokens
        return -(-(prompt * self.input_price + self.max_output_tokens * self.output_price) // 1_000)


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is permitted. `actions` lists the permitted actions; `None` permits all."""

    actions: tuple[str, ...] | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about a run but its inputs and its key. `scope` holds the host's labels (thread, user, ...)."""

    limits: Limits = Limits()
    roles: dict[str, Role] = {}
    policy: Policy = Policy()
    scope: dict[str, str] = {}
