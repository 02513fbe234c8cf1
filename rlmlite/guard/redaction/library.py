"""The libraries of the extra `privacy`, imported when a detector first needs one."""

import importlib
from typing import Any

from rlmlite.errors import SettingError


def import_library(module: str) -> Any:
    """A module of the extra `privacy`. Raises `SettingError` that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        top = module.partition(".")[0].replace("_", "-")
        raise SettingError(f"this redactor needs {top}: pip install 'rlmlite[privacy]'") from None
