"""Remote inputs: `https://`, `s3://`, `gs://` and whatever else fsspec reads. Fetched once, from beginning to end.

A secret in a URL (user and password, the values of a query) is used for the request and never recorded or shown:

    https://me:pw@host/a.log?token=x&v=2#top    is recorded as    https://host/a.log?token&v

The names of the query stay, so that a reader of the trace sees that something was left out.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import UnreadableError, import_extra
from rlmlite.inputs.formats.streams import file_blocks
from rlmlite_kernel.values.inputs import Derivation

SECRETS_LEFT_OUT = "secrets left out of the URL"
"""Recorded as the reason of a fetch step. A later process then knows that the recorded URL is not enough."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return _URL.match(path) is not None


def without_secrets(url: str) -> str:
    """The URL as it may be recorded: without user and password, without the values of its query and its fragment."""
    parts = urlsplit(url)
    # The last `@`: a password may contain one.
    host = parts.netloc.rpartition("@")[2]
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    names = "&".join(quote(name) for name, _ in parameters)
    return urlunsplit((parts.scheme, host, parts.path, names, ""))


def file_name(path: str) -> str:
    """The part of a path whose suffix says the kind of file: for a URL its path, without the query."""
    return urlsplit(path).path if is_remote(path) else path


def fetch_step(url: str) -> Derivation:
    """The step of a recipe for fetching a URL. Raises `InputError` if fsspec is not installed."""
    _import_fsspec(url)
    from importlib.metadata import version

    why = "" if without_secrets(url) == url else SECRETS_LEFT_OUT
    return Derivation("fetch", f"fsspec {version('fsspec')}", why=why)


def fetch(url: str) -> Iterator[bytes]:
    """The content of a URL, in blocks. Raises `InputError`, whose message contains no secrets."""
    fsspec = _import_fsspec(url)
    # `from None` throughout: the cause would print the URL, and with it the secrets.
    try:
        with fsspec.open(url, "rb", **_options(url)) as file:
            yield from file_blocks(file)
    except FileNotFoundError:
        raise InputError(f"{without_secrets(url)} does not exist, or cannot be reached") from None
    except ImportError as error:
        raise InputError(f"{without_secrets(url)} needs another library: {error}") from None
    # Each protocol has errors of its own, and their words may contain the URL.
    except Exception as error:
        raise InputError(f"{without_secrets(url)} cannot be fetched: {_redact(url, error)}") from None


def _options(url: str) -> dict[str, Any]:
    """Options for reading straight through: no cache of blocks, no range requests."""
    # fsspec's file systems differ in how they are told so.
    is_http = url.lower().startswith(("http://", "https://"))
    return {"block_size": 0} if is_http else {"cache_type": "none"}


def _import_fsspec(url: str) -> Any:
    try:
        return import_extra("fsspec", "remote")
    except UnreadableError as error:
        raise InputError(f"{without_secrets(url)} {error}") from None


def _redact(url: str, error: Exception) -> str:
    """The words of an error, with the URL's secrets replaced by `***`."""
    parts = urlsplit(url)
    query_values = [value for _, value in parse_qsl(parts.query)]
    parts_to_hide = [parts.username, parts.password, parts.query, *query_values, parts.fragment]
    secrets = [part for part in parts_to_hide if part]
    words = f"{type(error).__name__}: {error}"
    # The longest first: a short secret may be part of a longer one, whose rest would remain.
    for secret in sorted(secrets, key=len, reverse=True):
        words = words.replace(secret, "***")
    return words
