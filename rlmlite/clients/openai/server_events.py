"""Server-sent events, as far as streams of model servers use them: from bytes as they arrive to the data of each event.

    b'data: {"a": 1}\\n\\nda'   yields  b'{"a": 1}'      an empty line ends an event
    b'ta: x\\n: ping\\n\\n'     yields  b'', b'x'        a comment shows that the server is alive

httpx's own `aiter_lines` is not used: it also ends lines at characters such as U+2028, which may stand unescaped in
JSON.
"""

from collections.abc import Iterator


class EventDecoder:
    """Takes bytes, yields the data of events."""

    def __init__(self) -> None:
        # The pieces of an unfinished line. They are joined once, however many pieces a long line comes in: joining at
        # each arrival would take quadratic time.
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The data of every event that is now complete; empty bytes for any other line, which is a sign of life."""
        self._pieces.append(received)
        if b"\n" not in received:
            return
        *lines, rest = b"".join(self._pieces).split(b"\n")
        self._pieces = [rest]
        # Fields other than `data` (event, id, retry) repeat what the data says.
        for line in (each.removesuffix(b"\r") for each in lines):
            # An empty line ends an event; without data there was none, only a comment.
            if not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            else:
                yield b""
