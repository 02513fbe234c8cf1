"""Checks of settings about models, as `rlmlite.errors.checks` are of numbers, texts and paths."""

from rlmlite.clients.interface.prices import Price, price_of
from rlmlite.errors import checks


def model(name: str, value: object) -> object:
    """A model string or a client."""
    if isinstance(value, str) or (hasattr(value, "complete") and hasattr(value, "model")):
        return value
    raise checks.wrong(name, "a model string or a client", value)


def models(name: str, value: object) -> tuple[object, ...]:
    """Several of them; one alone is a sequence of one."""
    return tuple(model(name, each) for each in checks.listed(name, value))


def prices(name: str, value: object) -> dict[str, Price]:
    """Prices by model string."""
    by_model: dict[str, Price] = {}
    for key, price in checks.table(name, value).items():
        by_model[key] = price if isinstance(price, Price) else price_of(key, price)
    return by_model


def temperature(name: str, value: object) -> float | None:
    """A temperature; None leaves it out of the call."""
    return None if value is None else checks.number(0, 2)(name, value)
