"""URLs of inputs: which schemes are read, and what of a URL may be shown.

A secret in a URL (user and password, the values of a query) is used for the request and never recorded or shown:

    https://me:pw@host/a.log?token=x&v=2#top    is recorded as    https://host/a.log?token&v

The names of the query stay, so that a reader of the trace sees that something was left out.
"""

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

from rlmlite.errors import InputError
from rlmlite.guard.terminal import one_line

SCHEMES = {
    "https": "a web server",
    "http": "a web server, without encryption",
    "s3": "Amazon S3 and its like; needs `s3fs`",
    "gs": "Google Cloud Storage; needs `gcsfs`",
    "gcs": "the same",
    "az": "Azure Blob Storage; needs `adlfs`",
    "abfs": "the same",
    "memory": "fsspec's files in the memory of this process; for programs in Python",
}
"""What is read, and nothing else that fsspec has: `file:`, `ssh:`, `github:`, caches that write, chains with `::`."""

HTTP = ("http", "https")

LONGEST = 8_000
"""Characters of a URL; servers refuse longer ones."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")
_NOT_IN_URLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


def is_remote(path: str) -> bool:
    """Whether a path is a URL, of any scheme."""
    return _URL.match(path) is not None


def check_url(url: str) -> SplitResult:
    """The parts of a URL that may be read. Raises `InputError` for any other."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise InputError(f"URLs of the scheme {one_line(scheme, 40)}: are not read; there are: {', '.join(SCHEMES)}")
    if len(url) > LONGEST:
        raise InputError(f"a URL of {scheme}: has {len(url):,} characters; at most {LONGEST:,} are read")
    shown = one_line(without_secrets(url))
    # `a::b` is fsspec's way to open one URL through another, of any scheme.
    if scheme not in HTTP and "::" in url:
        raise InputError(f"{shown} is not read: `::` would open it through another URL")
    # Before it is taken apart: Python drops some of these in silence.
    if _NOT_IN_URLS.search(url):
        raise InputError(f"{shown} is not a valid URL: control characters in it must be spelled as in %0A")
    parts = _split(url)
    if parts is None or parts.hostname is None or not _is_host(parts):
        raise InputError(f"{shown} is not a valid URL: expected https://host/path")
    return parts


def _is_host(parts: SplitResult) -> bool:
    host = parts.netloc.rpartition("@")[2]
    try:
        port = parts.port
        name = host if port is None else host.rpartition(":")[0]
        return _HOST.fullmatch(name.encode("idna").decode() if len(name) <= 253 else "") is not None
    except (ValueError, UnicodeError):
        return False


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        # Such as a bracket that is not closed.
        return None


def without_secrets(url: str) -> str:
    """The URL as it may be recorded: without user and password, without the values of its query and its fragment."""
    parts = _split(url)
    if parts is None:
        return url.partition("://")[0] + "://..."
    # The last `@`: a password may contain one.
    host = parts.netloc.rpartition("@")[2]
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    names = "&".join(quote(name) for name, _ in parameters)
    return urlunsplit((parts.scheme, host, parts.path, names, ""))


def file_name(path: str) -> str:
    """The part of a path whose suffix says the kind of file: for a URL its path, without the query."""
    parts = _split(path) if is_remote(path) else None
    return path if parts is None else parts.path


def redact(url: str, words: str) -> str:
    """Words with the URL's secrets replaced by `***`."""
    parts = _split(url)
    if parts is None:
        return words.replace(url, "***")
    query_values = [value for _, value in parse_qsl(parts.query)]
    parts_to_hide = [parts.username, parts.password, parts.query, *query_values, parts.fragment]
    secrets = [part for part in parts_to_hide if part]
    # The longest first: a short secret may be part of a longer one, whose rest would remain.
    for secret in sorted(secrets, key=len, reverse=True):
        words = words.replace(secret, "***")
    return words
