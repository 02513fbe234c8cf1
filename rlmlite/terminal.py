"""Text from elsewhere, made safe to print: a terminal must not obey what an input says."""

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    r"""The text with every control character but newline and tab spelled out (`\x1b`).

    So are the marks that turn the direction of writing round, and what UTF-8 cannot encode.
    """
    return _CONTROL.sub(lambda match: _escaped(match.group()), text)


def harmless_json(document: str) -> str:
    """JSON with the same characters as `\\u` escapes, which mean the same to whoever reads it."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", document)


def one_line(text: str, limit: int = 200) -> str:
    """The text harmless, on one line, and cut with a mark when it is long."""
    line = harmless(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def confirmed(question: str) -> bool:
    """Whether they agree. An empty line and the end of the input are a no.

    Ctrl-C is no answer: it raises `KeyboardInterrupt` at once.
    """
    import typer

    with _interrupting() as interrupted:
        try:
            return typer.confirm(question, default=False, err=True)
        except typer.Abort:
            if interrupted():
                raise KeyboardInterrupt from None
            return False


@contextmanager
def _interrupting() -> Iterator[Callable[[], bool]]:
    """Ctrl-C interrupts what the main thread waits for. Gives whether that has happened."""
    pressed: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # signals are none of its business
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
