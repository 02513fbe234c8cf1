"""A yes or no from the person at the terminal, who can leave by Ctrl-C at any time.

While an event loop runs, the first Ctrl-C only cancels its task, and a prompt that blocks the loop would go on waiting.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


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
