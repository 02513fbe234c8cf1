"""Server-sent events, as far as streams of model servers use them: the data of each event, out of bytes as they come.

Not httpx's own reading of lines: it also ends a line at characters such as U+2028, which stand raw in JSON.
"""

from collections.abc import Iterator


class EventDecoder:
    """Bytes in, the data of events out."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The data of every event that is whole by now; empty bytes for a comment, which is a sign of life."""
        *lines, self._rest = (self._rest + received).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")  # the other half of a line end that came in two
            if not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            else:
                yield b""
