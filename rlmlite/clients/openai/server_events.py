"""Server-sent events, as far as streams of model servers use them: the data of each event, out of bytes as they come.

Not httpx's own reading of lines: it also ends a line at characters such as U+2028, which stand raw in JSON.
"""

from collections.abc import Iterator


class EventDecoder:
    """Bytes in, the data of events out."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # of a line; joined once, however many pieces a long one comes in
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The data of every event that is whole by now; empty bytes for a comment, which is a sign of life."""
        self._rest.append(received)
        if b"\n" not in received:
            return
        *lines, rest = b"".join(self._rest).split(b"\n")
        self._rest = [rest]
        for line in (each.removesuffix(b"\r") for each in lines):
            if not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            else:
                yield b""
