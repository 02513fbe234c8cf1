"""The content of a URL, fetched once, from beginning to end.

HTTP is spoken by `http_client`; the stores of the clouds are read by fsspec, an extra, each by a library of its own.
"""

import time
from collections.abc import Iterator
from typing import Any

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import UnreadableError, import_extra
from rlmlite.guard.terminal import one_line
from rlmlite.inputs.formats.remote.urls import HTTP, check_url, redact, without_secrets
from rlmlite.inputs.formats.streams.blocks import file_blocks
from rlmlite_kernel.values.inputs import Derivation
from rlmlite_traces.errors import words_of

SECRETS_LEFT_OUT = "secrets left out of the URL"
"""Recorded as the reason of a fetch step. A later process then knows that the recorded URL is not enough."""

_WORDS = 300
"""Characters of an error's words that are shown."""


def fetch_step(url: str) -> Derivation:
    """The step of a recipe for fetching a URL. Raises `InputError` if what it needs is not installed."""
    why = "" if without_secrets(url) == url else SECRETS_LEFT_OUT
    if check_url(url).scheme in HTTP:
        return Derivation("fetch", "HTTP/1.1", why=why)
    _import_fsspec(url)
    from importlib.metadata import version

    return Derivation("fetch", f"fsspec {version('fsspec')}", why=why)


def fetch(url: str, seconds: float) -> Iterator[bytes]:
    """The content of a URL, in blocks, waited for at most so many seconds.

    Raises `InputError`, whose message contains no secrets.
    """
    scheme = check_url(url).scheme
    blocks = _fetch_http(url, seconds) if scheme in HTTP else _fetch_store(url)
    # `from None` throughout: the cause would print the URL, and with it the secrets.
    try:
        yield from _within(blocks, seconds)
    except FileNotFoundError:
        raise InputError(f"{without_secrets(url)} does not exist, or cannot be reached") from None
    except ImportError as error:
        raise InputError(f"{without_secrets(url)} needs another library: {error}") from None
    except InputError:
        raise
    # Each protocol has errors of its own, and their words may contain the URL, or a server's words.
    except Exception as error:
        words = redact(url, f"{type(error).__name__}: {words_of(error)}")
        raise InputError(f"{without_secrets(url)} cannot be fetched: {one_line(words, _WORDS)}") from None


def _within(blocks: Iterator[bytes], seconds: float) -> Iterator[bytes]:
    """The blocks. Raises `InputError` if they are waited for longer than that, in all."""
    waited = 0.0
    while True:
        begun = time.monotonic()
        block = next(blocks, None)
        waited += time.monotonic() - begun
        if block is None:
            return
        if waited > seconds:
            raise InputError(f"it took more than {seconds:,g} seconds (the limit max_fetch_seconds)")
        yield block


def _fetch_http(url: str, seconds: float) -> Iterator[bytes]:
    # Here, since most runs fetch nothing.
    from rlmlite.inputs.formats.remote.http_client import HttpError, fetch_http

    try:
        yield from fetch_http(url, seconds)
    except HttpError as error:
        raise InputError(f"{without_secrets(url)} cannot be fetched: {redact(url, str(error))}") from None


def _fetch_store(url: str) -> Iterator[bytes]:
    fsspec = _import_fsspec(url)
    # Straight through: no cache of blocks.
    with fsspec.open(url, "rb", cache_type="none") as file:
        yield from file_blocks(file)


def _import_fsspec(url: str) -> Any:
    try:
        return import_extra("fsspec", "remote")
    except UnreadableError as error:
        raise InputError(f"{without_secrets(url)} {error}") from None
