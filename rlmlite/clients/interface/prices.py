"""What tokens cost: from the package `genai-prices`, whose data comes with it (nothing is fetched), or as told.

Cost is integer nano-dollars, rounded up. A price that nobody knows is `None`, never 0.
"""

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import SettingError

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

NANO = 1_000_000_000
"""Nano-dollars in a dollar."""

_PER_THOUSAND = NANO // 1_000  # dollars for a million tokens to nano-dollars for a thousand
_AMOUNT = re.compile(r"\d+(\.\d*)?|\.\d+")


class Price(msgspec.Struct, frozen=True):
    """Nano-dollars for 1,000 tokens: the highest that a model asks, with which calls are reserved.

    `exact` gives the cost of a call (tokens in, of these cached, tokens out) where it is not simply these two.
    """

    input: int
    output: int
    exact: Callable[[int, int, int], int] | None = None

    def cost(self, tokens_in: int, cached: int, tokens_out: int) -> int:
        """What a call cost in nano-dollars, by the tokens that were reported."""
        if self.exact is not None:
            return self.exact(tokens_in, cached, tokens_out)
        return -(-(tokens_in * self.input + tokens_out * self.output) // 1_000)


FREE = Price(0, 0)
"""Costs nothing."""


def known(model: str, *, provider: str | None = None, url: str | None = None) -> Price | None:
    """The price that the package knows today, of a provider by its name or by the address of its server."""
    from genai_prices import Usage, calc_price

    nothing = Usage(input_tokens=0, output_tokens=0)
    try:
        if url is not None:
            found = calc_price(nothing, model, provider_api_url=url).model_price
        else:
            found = calc_price(nothing, model, provider_id=provider).model_price
    except LookupError:
        return None
    highest = _highest(found.input_mtok), _highest(found.output_mtok)
    if highest[0] is None or highest[1] is None:
        return None
    return Price(_thousand(highest[0]), _thousand(highest[1]), _exact(found))


def _highest(price: object) -> Decimal | None:
    """The highest of a price's tiers."""
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        return max([price.base, *(tier.price for tier in price.tiers)])
    return price if isinstance(price, Decimal) else None


def _exact(found: "ModelPrice") -> Callable[[int, int, int], int]:
    from genai_prices import Usage

    def cost(tokens_in: int, cached: int, tokens_out: int) -> int:
        usage = Usage(input_tokens=tokens_in, cache_read_tokens=min(cached, tokens_in), output_tokens=tokens_out)
        return _ceiling(found.calc_price(usage)["total_price"] * NANO)

    return cost


def _thousand(dollars: Decimal) -> int:
    return _ceiling(dollars * _PER_THOUSAND)


def _ceiling(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))


def price_of(model: str, amounts: object) -> Price:
    """`IN,OUT` in dollars for a million tokens, each rounded up: no model is cheaper than it is.

    Raises `SettingError`.
    """
    parts = [part.strip() for part in amounts.split(",")] if isinstance(amounts, str) else []
    if len(parts) != 2 or not all(_AMOUNT.fullmatch(part) for part in parts):
        name = f"{model}={amounts}" if model else amounts
        raise SettingError(
            f"price {name}: expected IN,OUT or MODEL=IN,OUT in dollars for a million tokens, such as 0.25,2"
        )
    dollars_in, dollars_out = (Decimal(part) for part in parts)
    return Price(_thousand(dollars_in), _thousand(dollars_out))


def read_price(text: str) -> tuple[str, Price]:
    """`IN,OUT` or `MODEL=IN,OUT`: the model string, empty for every model, and its price. Raises `SettingError`."""
    model, _, amounts = text.rpartition("=")  # the last one: a model string may have `=` in it
    return model, price_of(model, amounts)


def nano(dollars: str | Decimal) -> int:
    """Dollars in nano-dollars, rounded down: a limit is never more than was said. Raises `SettingError`."""
    if isinstance(dollars, str) and not _AMOUNT.fullmatch(dollars):
        raise SettingError(f"{dollars} is not an amount of dollars; write it as 2.00")
    return int((Decimal(dollars) * NANO).to_integral_value(ROUND_FLOOR))


def dollars(amount: int) -> str:
    """Nano-dollars for people: `$2.00`, `$0.000123`."""
    digits = f"{Decimal(amount) / NANO:.9f}"
    whole, _, part = digits.partition(".")
    return f"${int(whole):,}.{part[:2]}{part[2:].rstrip('0')}"
