"""Inputs that lie elsewhere: `https://`, `s3://`, `gs://` and what else fsspec reads. Fetched once, as they come.

A secret in a URL (a user and password, the values of a query) is used and never recorded.
"""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from rlmlite.errors import InputError
from rlmlite.inputs.formats.streams import of_file
from rlmlite.inputs.formats.unfit import UnfitError, needed
from rlmlite_kernel.values.inputs import Derivation

LEFT_OUT = "secrets left out of the URL"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return _URL.match(path) is not None


def without_secrets(url: str) -> str:
    """The URL as it may be recorded: without user and password, without the values of its query and its fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    names = "&".join(quote(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((parts.scheme, host, parts.path, names, ""))


def name_of(path: str) -> str:
    """What the name of a file is told by: of a URL its path, without a query."""
    return urlsplit(path).path if is_remote(path) else path


def fetch_step(url: str) -> Derivation:
    """How it was fetched, as a step of a recipe. Raises `InputError` without the library."""
    _library(url)
    return Derivation("fetch", f"fsspec {version('fsspec')}", why="" if without_secrets(url) == url else LEFT_OUT)


def fetched(url: str) -> Iterator[bytes]:
    """What a URL holds, in blocks. Raises `InputError`, whose message has no secrets."""
    fsspec = _library(url)
    try:
        with fsspec.open(url, "rb", **_options(url)) as file:
            yield from of_file(file)
    except FileNotFoundError:
        raise InputError(f"there is no {without_secrets(url)}, or it cannot be reached") from None
    except ImportError as error:
        raise InputError(f"{without_secrets(url)} needs another library: {error}") from None
    except Exception as error:  # each protocol has errors of its own, whose words may hold the URL
        raise InputError(f"{without_secrets(url)} cannot be fetched: {_said(url, error)}") from None


def _options(url: str) -> dict[str, Any]:
    """Read from the beginning to the end: no cache of blocks, no asking for ranges."""
    return {"block_size": 0} if url.lower().startswith(("http://", "https://")) else {"cache_type": "none"}


def _library(url: str) -> Any:
    try:
        return needed("fsspec", "remote")
    except UnfitError as error:
        raise InputError(f"{without_secrets(url)} {error}") from None


def _said(url: str, error: Exception) -> str:
    """The words of an error, with the URL's secrets taken out."""
    parts = urlsplit(url)
    words = f"{type(error).__name__}: {error}"
    secrets = [
        parts.username,
        parts.password,
        parts.query,
        *(value for _, value in parse_qsl(parts.query)),
        parts.fragment,
    ]
    for secret in sorted((secret for secret in secrets if secret), key=len, reverse=True):
        words = words.replace(secret, "***")
    return words
