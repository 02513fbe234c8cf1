"""Prices of models, under the name that hosts import. They are defined in `rlmlite.clients.interface.prices`."""

from rlmlite.clients.interface.prices import FREE, Price, dollars, known, nano, read_price

__all__ = ["FREE", "Price", "dollars", "known", "nano", "read_price"]
