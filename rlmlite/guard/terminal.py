"""Text made safe to print, and questions at the terminal.

Text from elsewhere (an input, a model, a file name) is printed to a terminal, which obeys control characters: it could
clear the screen, change its title, or show a command in the reverse of its order. So control characters, and the
invisible marks that change the direction of writing or hide letters, are spelled out before anything is printed.

Whoever prints makes its text harmless. What nobody thought of (a traceback, a library's warning, an error of the
command line) meets `HarmlessStream`, which standard output and standard error are while a command runs.
"""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, direction marks, line separators, surrogates (UTF-8 has none), and tags:
letters that no terminal shows, and models read."""


def harmless(text: str) -> str:
    r"""The text with control characters, direction marks and surrogates spelled out (`\x1b`); not newline and tab."""
    return _CONTROL.sub(lambda match: _escape(match.group()), text)


def harmless_json(document: str) -> str:
    r"""JSON with the same characters as `\u` escapes, which mean the same to whoever parses it."""
    return _CONTROL.sub(lambda match: json.dumps(match.group())[1:-1], document)


def one_line(text: str, limit: int = 200) -> str:
    """The text made harmless, on one line, and cut with a `…` if it is longer than `limit` characters."""
    line = harmless(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _escape(char: str) -> str:
    code = ord(char)
    if code < 256:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 65_536 else f"\\U{code:08x}"


class HarmlessStream:
    """A text stream that makes harmless whatever is written to it. `own` is the stream itself, for styles of ours."""

    def __init__(self, own: TextIO) -> None:
        self.own = own

    def write(self, text: str) -> int:
        """See `TextIO.write`."""
        self.own.write(harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """See `TextIO.writelines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        # Bytes would go past it.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.own, name)


def make_streams_harmless() -> None:
    """Put standard output and standard error behind a `HarmlessStream`, up to the end of the process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # Python without a terminal may have none.
        if stream is not None and not isinstance(stream, HarmlessStream):
            setattr(sys, name, HarmlessStream(stream))


def own_stream(stream: TextIO) -> TextIO:
    """The stream for text that has styles of ours and is harmless already."""
    return stream.own if isinstance(stream, HarmlessStream) else stream


def ask_yes_no(question: str) -> bool:
    """Whether the person at the terminal agrees. An empty line or the end of the input is a no.

    Ctrl-C is not an answer: it raises `KeyboardInterrupt` at once.
    """
    import typer

    with _interruptible() as interrupted:
        try:
            return typer.confirm(question, default=False, err=True)
        except typer.Abort:
            # typer raises it for the end of the input and for Ctrl-C alike; only the former is an answer, namely no.
            if interrupted():
                raise KeyboardInterrupt from None
            return False


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C interrupt what the main thread waits for, while the block lasts. Yields whether that has happened.

    asyncio's runner answers Ctrl-C by cancelling the run at its next `await`, which would leave the question standing.
    """
    signals: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # Python delivers signals to the main thread only
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: bool(signals)
    finally:
        signal.signal(signal.SIGINT, before)
