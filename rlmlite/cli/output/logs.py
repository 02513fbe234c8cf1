"""The command's log: plain lines on standard error, `warning: what happened (key=value, ...)`.

Commands write to `log`; the library writes to the standard logger `rlmlite`, whose lines come here too.
structlog, which makes the lines, is imported with the first of them: that takes as long as a small run does, and most
runs write none.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from rlmlite.guard.terminal import harmless


class CommandLog:
    """Writes a line if its level is high enough. Nothing is imported and no line is made for one that is not."""

    def __init__(self) -> None:
        self._level = logging.WARNING
        self._configured = False

    def configure(self, *, verbose: bool) -> None:
        """Write warnings and errors, and with `verbose` what the command is doing."""
        self._level = logging.INFO if verbose else logging.WARNING
        self._configured = False  # standard error may be another one than for the command before

    def info(self, message: str, **facts: object) -> None:
        """What the command is doing."""
        self.write(logging.INFO, message, **facts)

    def warning(self, message: str, **facts: object) -> None:
        """What a person should know."""
        self.write(logging.WARNING, message, **facts)

    def error(self, message: str, **facts: object) -> None:
        """Why the command fails."""
        self.write(logging.ERROR, message, **facts)

    def write(self, level: int, message: str, **facts: object) -> None:
        """A line at a level of `logging`."""
        if level < self._level:
            return
        import structlog

        if not self._configured:
            structlog.configure(
                processors=[structlog.processors.add_log_level, _line],
                wrapper_class=structlog.make_filtering_bound_logger(self._level),
                logger_factory=structlog.WriteLoggerFactory(sys.stderr),
                cache_logger_on_first_use=False,
            )
            self._configured = True
        structlog.get_logger().log(level, message, **facts)


log = CommandLog()
"""The one log of the command."""


class _FromLibrary(logging.Handler):
    """Takes the lines of the library into the command's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        log.write(record.levelno, record.getMessage())


_from_library = _FromLibrary()


def configure(*, verbose: bool = False) -> None:
    """Set the log up for one command."""
    log.configure(verbose=verbose)
    logging.getLogger("rlmlite").addHandler(_from_library)  # which adds the same handler only once


def _line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """`warning: what happened (key=value, ...)`."""
    level, message = event.pop("level"), event.pop("event")
    # What is left are the facts that the caller named.
    facts = ", ".join(f"{name}={value}" for name, value in event.items())
    in_brackets = f" ({facts})" if facts else ""
    return harmless(f"{level}: {message}{in_brackets}")
