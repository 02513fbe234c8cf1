"""A web server that misbehaves: what it does is the path that it is asked for."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote

OK = b"HTTP/1.1 200 OK\r\n"
TEXT = b"some text\n"


class Rogue:
    """The server. `requests` are the heads that it got; `base` is its address as a URL."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.base = f"http://{self.host}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End it, with all that it still sends."""
        self._ended.set()
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while not self._ended.is_set():
            connection, _ = self._listener.accept()
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            head = connection.recv(65_536)
            self.requests.append(head)
            path = unquote(head.split(b" ")[1].decode().partition("?")[0]) if b" " in head else "/"
            for block in self._blocks(path):
                if self._ended.is_set():
                    return
                connection.sendall(block)

    def _blocks(self, path: str) -> Iterator[bytes]:
        kind, _, rest = path.lstrip("/").partition("/")
        if kind == "to":
            # The rest is where to go, with `~` for what paths cannot have.
            target = rest.replace("~", "\r\n" if "inject" in rest else ":")
            yield b"HTTP/1.1 302 Found\r\nLocation: " + target.encode() + b"\r\nContent-Length: 0\r\n\r\n"
            return
        yield from BEHAVIOURS.get(kind, BEHAVIOURS["nothing"])()


def _drip(data: Callable[[], Iterator[bytes]], pause: float = 0.05) -> Iterator[bytes]:
    for block in data():
        time.sleep(pause)
        yield block


def _endless(first: bytes, block: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield block


BOMB = gzip.compress(gzip.compress(b"\0" * 20_000_000, 9), 9)
"""20 MB of zeros in a few hundred bytes: ten times what a test lets in."""


BEHAVIOURS: dict[str, Callable[[], Iterator[bytes]]] = {
    "good": lambda: iter([OK + b"Content-Length: 10\r\n\r\n", TEXT]),
    "unbounded": lambda: iter([OK + b"\r\n" + TEXT]),
    "endless": lambda: _endless(OK + b"\r\n", b"x" * 65_536),
    "endless-chunks": lambda: _endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000),
    "dripping-body": lambda: _drip(lambda: _endless(OK + b"\r\n", b"x")),
    "dripping-head": lambda: _drip(lambda: _endless(OK, b"X")),
    "dripping-chunk": lambda: _drip(lambda: _endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0")),
    "dripping-continue": lambda: _drip(lambda: _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    "silent": lambda: _drip(lambda: _endless(b"", b""), 0.1),
    "endless-head": lambda: _endless(OK, b"X-A: b\r\n"),
    "endless-line": lambda: _endless(OK + b"X: ", b"x" * 65_536),
    "endless-status": lambda: _endless(b"HTTP/1.1 200 ", b"x" * 65_536),
    "endless-continue": lambda: _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "half": lambda: iter([OK + b"Content-Length: 1000\r\n\r\n", TEXT]),
    "half-chunk": lambda: iter([OK + b"Transfer-Encoding: chunked\r\n\r\n", b"ff\r\nabc"]),
    "bad-chunk": lambda: iter([OK + b"Transfer-Encoding: chunked\r\n\r\n", b"-5\r\nabc\r\n0\r\n\r\n"]),
    "no-chunk": lambda: iter([OK + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\nabc"]),
    "not-http": lambda: iter([b"\x1b[2J SSH-2.0\r\n"]),
    "nothing": lambda: iter([]),
    "odd-status": lambda: iter([b"HTTP/1.1 999 \x1b]0;owned\x07\r\n\r\n"]),
    "error": lambda: iter([b"HTTP/1.1 500 \x1b[31mred\r\nContent-Length: 0\r\n\r\n"]),
    "negative": lambda: iter([OK + b"Content-Length: -5\r\n\r\n", TEXT]),
    "brotli": lambda: iter([OK + b"Content-Encoding: br\r\nContent-Length: 10\r\n\r\n", TEXT]),
    "gzipped": lambda: iter([OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(TEXT)]),
    "bomb": lambda: iter([OK + b"Content-Encoding: gzip\r\n\r\n", BOMB]),
    "loop": lambda: iter([b"HTTP/1.1 301 Moved\r\nLocation: /loop\r\n\r\n"]),
    "nowhere": lambda: iter([b"HTTP/1.1 302 Found\r\n\r\n"]),
    "gone": lambda: iter([b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]),
}
