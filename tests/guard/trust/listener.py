"""A server on this machine that writes down every byte that it is sent, and answers as it is told."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMPLETION = b'{"choices":[{"message":{"role":"assistant","content":"final(1)"},"finish_reason":"stop"}]}'


class Listener:
    """What was sent, as one text; `reply` is status, headers and body of every answer."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.reply: tuple[int, dict[str, str], bytes] = (200, {}, COMPLETION)
        self.port = 0

    @property
    def heard(self) -> str:
        """Everything that was sent."""
        return "\n".join(self.requests)

    def model(self, host: str = "127.0.0.1", path: str = "/v1") -> str:
        """The model string of this server."""
        return f"http://{host}:{self.port}{path}#m"


@contextmanager
def listen() -> Iterator[Listener]:
    """A listener on a free port, as long as the context lasts."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            listener.requests.append(f"{self.requestline}\n{self.headers}\n{body.decode('latin-1')}")
            status, headers, content = listener.reply
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_CONNECT = answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        assert isinstance(server, socketserver.TCPServer)
        listener.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()
