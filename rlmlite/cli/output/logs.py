"""The log of the command: plain lines on standard error, set up once, in `main`."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from rlmlite.terminal import harmless


def configure(*, verbose: bool = False) -> None:
    """Warnings and errors, and with `verbose` what the command is doing."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """`warning: what happened (key=value, ...)`."""
    level, message = event.pop("level"), event.pop("event")
    facts = ", ".join(f"{name}={value}" for name, value in event.items())
    return harmless(f"{level}: {message}" + (f" ({facts})" if facts else ""))
