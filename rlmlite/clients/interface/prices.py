"""What tokens cost: from the package `genai-prices`, whose data comes with it (nothing is fetched), or as given.

Money is whole nano-dollars, so sums are exact and the same on every machine. Prices are rounded up and limits down, so
an estimate is never below the bill. A price that nobody knows is `None`, never 0: a run with unknown cost must not look
free.

    "0.25,2" dollars for a million tokens  ->  Price(input=250_000, output=2_000_000) nano-dollars for a thousand
    Price(250_000, 2_000_000).cost(1_000, 0, 100)  ->  450_000 nano-dollars, which is $0.00045
"""

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import SettingError

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, PriceCalculation

NANO = 1_000_000_000
"""Nano-dollars in a dollar."""

_PER_THOUSAND = NANO // 1_000  # dollars for a million tokens to nano-dollars for a thousand
_AMOUNT = re.compile(r"\d+(\.\d*)?|\.\d+")


class Price(msgspec.Struct, frozen=True):
    """Nano-dollars for 1,000 tokens of prompt and of answer, at the highest tier of the model: calls reserve this.

    `exact` computes what a finished call cost (tokens in, cached ones among them, tokens out) where a model has tiers
    or a discount for cached tokens.
    """

    input: int
    output: int
    exact: Callable[[int, int, int], int] | None = None

    def cost(self, tokens_in: int, cached: int, tokens_out: int) -> int:
        """The cost of a finished call in nano-dollars, from the tokens that its provider reported."""
        if self.exact is not None:
            return self.exact(tokens_in, cached, tokens_out)
        for_thousand = tokens_in * self.input + tokens_out * self.output
        return -(-for_thousand // 1_000)  # rounded up


FREE = Price(0, 0)
"""The price of a model on this machine."""


def published_price(model: str, *, provider: str | None = None, url: str | None = None) -> Price | None:
    """The price of a provider's model in the installed `genai-prices`; `None` if it has none.

    The provider is named, or recognised by the address of its server.
    """
    listed = _listed(model, provider, url)
    if listed is None:
        return None
    entry = listed.model_price
    highest_in, highest_out = _highest(entry.input_mtok), _highest(entry.output_mtok)
    if highest_in is None or highest_out is None:
        return None
    return Price(_thousand(highest_in), _thousand(highest_out), _exact_cost(entry))


def published_window(model: str, *, provider: str | None = None, url: str | None = None) -> int | None:
    """The tokens that a provider's model reads and answers with in all, by the same list; `None` if it does not say."""
    listed = _listed(model, provider, url)
    window = None if listed is None else listed.model.context_window
    return window if window is not None and window > 0 else None


def _listed(model: str, provider: str | None, url: str | None) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price  # here, because it takes long to import and many models need no price

    # An entry of the list comes with a computed cost, so that of no tokens is computed.
    no_tokens = Usage(input_tokens=0, output_tokens=0)
    try:
        if url is not None:
            return calc_price(no_tokens, model, provider_api_url=url)
        return calc_price(no_tokens, model, provider_id=provider)
    except LookupError:
        return None


def _highest(price: object) -> Decimal | None:
    """The highest of a price's tiers."""
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        return max([price.base, *(tier.price for tier in price.tiers)])
    return price if isinstance(price, Decimal) else None


def _exact_cost(entry: "ModelPrice") -> Callable[[int, int, int], int]:
    from genai_prices import Usage

    def cost(tokens_in: int, cached: int, tokens_out: int) -> int:
        usage = Usage(input_tokens=tokens_in, cache_read_tokens=min(cached, tokens_in), output_tokens=tokens_out)
        return _ceiling(entry.calc_price(usage)["total_price"] * NANO)

    return cost


def _thousand(dollars: Decimal) -> int:
    """Dollars for a million tokens as nano-dollars for a thousand."""
    return _ceiling(dollars * _PER_THOUSAND)


def _ceiling(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))


def price_of(model: str, amounts: object) -> Price:
    """`IN,OUT` in dollars for a million tokens, each rounded up: no model is cheaper than it is.

    Raises `SettingError`.
    """
    parts = [part.strip() for part in amounts.split(",")] if isinstance(amounts, str) else []
    # `Decimal` alone would take `NaN`, `-1` and `1e9`.
    are_amounts = all(_AMOUNT.fullmatch(part) for part in parts)
    if len(parts) != 2 or not are_amounts:
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
    amount = Decimal(dollars) * NANO
    return int(amount.to_integral_value(ROUND_FLOOR))


def dollars(amount: int) -> str:
    """Nano-dollars for people: `$2.00`, `$0.000123`."""
    # Two decimals always, as people write money; more only where there is something to see.
    digits = f"{Decimal(amount) / NANO:.9f}"
    whole, _, decimals = digits.partition(".")
    cents, below_cents = decimals[:2], decimals[2:].rstrip("0")
    return f"${int(whole):,}.{cents}{below_cents}"
