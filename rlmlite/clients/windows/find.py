"""Finding out the windows of a run's models, before its genesis fixes them.

    said by the host      --role sub.window=8192, roles={"sub": {"window": 8192}}
    said by the client    a host's own, by its `role()`
    the server            what it says of itself, see `server_words`
    the price list        `genai-prices`

The first that is known counts. Servers are asked side by side, each once and in a bounded time, so a run never waits
for long; one that does not answer costs a note. Nothing but the name of a model is sent. What was found is in the
genesis with its source (`Role.window`, `Role.window_source`), so a replay asks nobody.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rlmlite.clients.interface.protocol import Client, Documents, Window, Windowed

SECONDS: Final = 3.0
"""How long a run waits for what its servers say of their windows, all together."""


def find_windows(clients: Iterable[Client], tell: Callable[[str], None]) -> dict[int, Window]:
    """The windows of those clients that can find theirs out and do, by the `id` of the client."""
    by_server: dict[str, list[Windowed]] = {}
    for client in {id(client): client for client in clients}.values():
        if isinstance(client, Windowed):
            by_server.setdefault(client.server, []).append(client)
    asked = _ask_servers(by_server)
    found: dict[int, Window] = {}
    for server, its_clients in by_server.items():
        if server and asked[server].is_silent:
            tell(
                f"{server}: it did not say how many tokens its models read; say it with --role NAME.window=TOKENS, "
                "or a prompt that is too long is noticed only when it is refused there"
            )
        for client in its_clients:
            window = _window(client, asked[server].windows)
            if window is not None:
                found[id(client)] = window
    return found


def _window(client: Windowed, said: Mapping[int, int]) -> Window | None:
    tokens = said.get(id(client))
    if tokens is not None:
        return Window(tokens, "server")
    published = client.published_window()
    return None if published is None else Window(published, "price list")


class _Asked:
    """What one server was asked, in a thread of its own; a server without an address is not."""

    def __init__(self, server: str, clients: list[Windowed]) -> None:
        self.windows: dict[int, int] = {}
        self._documents: Documents = {}
        self._clients = clients
        # A daemon: a server that keeps its answer back must not keep this process.
        self._thread = threading.Thread(target=self._ask, name="rlmlite-window", daemon=True) if server else None
        if self._thread is not None:
            self._thread.start()

    def _ask(self) -> None:
        for client in self._clients:
            tokens = client.ask_window(self._documents)
            if tokens is not None:
                self.windows[id(client)] = tokens

    def wait(self, seconds: float) -> None:
        """Wait for the answers, at most so long."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    @property
    def is_silent(self) -> bool:
        """Whether it has not answered at all."""
        is_waiting = self._thread is not None and self._thread.is_alive()
        return is_waiting or (bool(self._documents) and all(reply is None for reply in self._documents.values()))


def _ask_servers(by_server: Mapping[str, list[Windowed]]) -> dict[str, _Asked]:
    until = time.monotonic() + SECONDS
    asked = {server: _Asked(server, clients) for server, clients in by_server.items()}
    for each in asked.values():
        each.wait(until - time.monotonic())
    return asked
