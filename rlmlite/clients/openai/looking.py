"""Asking a server what it says of a model's window, before a run begins. What its words mean is in `clients.windows`.

These few requests go out from a thread of their own, with no event loop and without the SDK, which takes long to
import. They keep the rules of all others: the key of this server and nothing else of the environment, no redirect, no
prompt. Each document is asked for once for all models of a server.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from rlmlite.clients.interface.protocol import Documents
from rlmlite.clients.windows.server_words import (
    model_in,
    read_document,
    trained_window,
    window_of_loaded,
    window_of_model,
    window_of_props,
    window_of_show,
)

if TYPE_CHECKING:
    import httpx2

    from rlmlite.clients.openai.destination import Destination

_CONNECT_SECONDS: Final = 1.5
_READ_SECONDS: Final = 2.5
_LARGEST: Final = 16_000_000
"""Bytes of a document. A list of thousands of models has a few."""

OLLAMA_PORT: Final = 11434

Fetch: TypeAlias = Callable[[str, Mapping[str, str] | None], bytes | None]
"""Gets an address, or posts an object to it: the reply, empty for a status that is not 200, `None` for none."""


def ask_window(base: str, name: str, key: str | None, documents: Documents) -> int | None:
    """The window of a model by its server; `None` if that says nothing of it."""
    import httpx2  # takes 0.2 s, in a thread of its own

    from rlmlite.clients.openai.destination import Destination

    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    with httpx2.Client(timeout=timeout, follow_redirects=False) as http:
        return window_by(_fetch_over(http, Destination(base, key)), base, name, documents)


def window_by(fetch: Fetch, base: str, name: str, documents: Documents) -> int | None:
    """The window of a model, by the documents that `fetch` gets."""

    def read(url: str, posted: Mapping[str, str] | None = None) -> Mapping[str, object]:
        asked = url if posted is None else f"{url} {sorted(posted.items())}"
        if asked not in documents:
            documents[asked] = fetch(url, posted)
        return read_document(documents[asked])

    models = f"{base.rstrip('/')}/models"
    entry = model_in(read(models), name)
    if documents[models] is None:
        return None  # nobody is there
    served = window_of_model(entry)
    if served is not None:
        return served
    parts = urlsplit(base)
    root = f"{parts.scheme}://{parts.netloc}"
    if entry.get("owned_by") == "library" or parts.port == OLLAMA_PORT:
        loaded = window_of_loaded(read(f"{root}/api/ps"), name)
        return loaded or window_of_show(read(f"{root}/api/show", {"model": name}))
    return window_of_props(read(f"{root}/props")) or trained_window(entry)


def _fetch_over(http: "httpx2.Client", destination: "Destination") -> Fetch:
    import httpx2

    def fetch(url: str, posted: Mapping[str, str] | None) -> bytes | None:
        method = "GET" if posted is None else "POST"
        try:
            request = http.build_request(method, url, json=posted)
            destination.address(request)
            with closing(http.send(request, stream=True)) as reply:
                return _read_whole(reply.iter_bytes()) if reply.status_code == 200 else b""
        except (httpx2.HTTPError, OSError):
            return None

    return fetch


def _read_whole(received: Iterable[bytes]) -> bytes:
    """A document; one that is larger than any is nothing."""
    pieces: list[bytes] = []
    size = 0
    for piece in received:
        size += len(piece)
        if size > _LARGEST:
            return b""
        pieces.append(piece)
    return b"".join(pieces)
