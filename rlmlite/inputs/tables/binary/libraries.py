"""The libraries of the extra `tables`, imported when a table needs one."""

import importlib
from typing import Any

from rlmlite.errors import InputError


def library(name: str) -> Any:
    """A module of the extra `tables`. Raises `InputError` if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"this table needs {name.partition('.')[0]}: pip install 'rlmlite[tables]'") from None
