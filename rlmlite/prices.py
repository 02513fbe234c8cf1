"""Prices of models, under the name that hosts import. They are defined in `rlmlite.clients.interface.prices`."""

from rlmlite.clients.interface.prices import FREE, Price, dollars, nano, published_price, read_price
from rlmlite.clients.interface.prices import published_price as known

__all__ = ["FREE", "Price", "dollars", "known", "nano", "published_price", "read_price"]
