"""A GET over HTTP from a server that nobody trusts.

What a server could do, and what is done about it:

    send without end          `ReadingLimits` counts the bytes (`max_bytes`)
    drip a byte a second      `Patience`: silence, average speed and the sum of waiting have bounds
    send a head without end   its bytes have a bound, those of `100 Continue` and of each redirect too
    stop half-way             a shorter body than it announced is an error
    pack a bomb               `identity` is asked for; gzip, if it comes, is unpacked by `formats`, under its limits
    send us elsewhere         a few redirects, to HTTP only, never from https to http
                              user and password stay with the origin that they were given for
                              from a public address never to one of this machine or network (169.254.169.254, 10.0.0.1)

    fetch_http("https://host/app.log", seconds=3600)        the blocks of its body

The parsing of heads and chunks is that of `http.client`; only the sockets and the rules are ours. No proxy is used.
"""

import base64
import http.client
import io
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin

from rlmlite.errors import InputError
from rlmlite.inputs.formats.remote.urls import HTTP, check_url

REDIRECTS = 5

SILENCE = 60.0
"""Seconds without a byte after which a server is given up."""

SLOWEST = 1_000
"""Bytes a second, on average, once `SILENCE` seconds were waited for a server."""

LONGEST_HEAD = 256 * 1024
"""Bytes before the body."""

_CONNECT_SECONDS = 20.0
_BLOCK = 64 * 1024
"""Bytes read at once: few, since a server may send each in a chunk of its own."""

_ADDRESSES = 8
_MOVED = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_PORTS = {"http": 80, "https": 443}
_SAFE_IN_TARGET = "%/:=&?~+!$,;'()*@[]-._"


class HttpError(Exception):
    """Why nothing was fetched. The message is for people, and has no word of the server's."""


class Patience:
    """How long one fetch may wait for its servers, in all. Only waiting counts, not what is done with the bytes."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._waited, self._received = seconds, 0.0, 0

    def receive_into(self, connection: socket.socket, buffer: Any) -> int:
        """Receive some bytes. Raises `HttpError`."""
        begun = time.monotonic()
        connection.settimeout(max(0.01, min(SILENCE, self._seconds - self._waited)))
        try:
            size = connection.recv_into(buffer)
        except TimeoutError:
            size = -1
        self._waited += time.monotonic() - begun
        if self._waited >= self._seconds:
            raise HttpError(
                f"it took more than {self._seconds:,g} seconds (the limit max_fetch_seconds); "
                "if that is intended: --read max_fetch_seconds=NUMBER"
            )
        if size < 0:
            raise HttpError(f"the server sent nothing for {SILENCE:g} seconds")
        self._received += size
        if self._waited > SILENCE and self._received < SLOWEST * self._waited:
            raise HttpError(f"the server is slower than {SLOWEST:,} bytes a second")
        return size


class _Stream(io.RawIOBase):
    """What a server sends, as `http.client` reads it. Until `is_body`, bytes count as those of a head."""

    def __init__(self, connection: socket.socket, patience: Patience) -> None:
        self._connection, self._patience, self._head = connection, patience, 0
        self.is_body = False

    def makefile(self, mode: str) -> io.BufferedReader:
        """What `http.client` calls on a socket."""
        del mode
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`. Raises `HttpError`."""
        size = self._patience.receive_into(self._connection, buffer)
        if not self.is_body:
            self._head += size
            if self._head > LONGEST_HEAD:
                raise HttpError(f"the server sent more than {LONGEST_HEAD:,} bytes before its content")
        return size


class _Origin(NamedTuple):
    """Whom a request goes to."""

    scheme: str
    host: str
    port: int


def fetch_http(url: str, seconds: float) -> Iterator[bytes]:
    """The body at a URL, in blocks. Raises `HttpError`, `FileNotFoundError` where there is none, `OSError`."""
    patience = Patience(seconds)
    parts = check_url(url)
    first, must_be_public = _origin(parts), False
    # One more than redirects: the first request is none.
    for _ in range(REDIRECTS + 1):
        connection = _connect(_origin(parts), must_be_public)
        with closing(connection):
            must_be_public = must_be_public or _is_public(connection.getpeername()[0])
            connection.sendall(_request(parts, with_login=_origin(parts) == first))
            stream = _Stream(connection, patience)
            response = http.client.HTTPResponse(stream, method="GET")  # type: ignore[arg-type]  # it has `makefile`
            with closing(response):
                _read_head(response)
                if response.status not in _MOVED:
                    stream.is_body = True
                    yield from _body(response)
                    return
                parts = _redirected(parts, first, response)
    raise HttpError(f"it was redirected more than {REDIRECTS} times")


def _read_head(response: http.client.HTTPResponse) -> None:
    try:
        response.begin()
    except (http.client.HTTPException, ValueError) as error:
        raise HttpError(f"the server's answer is not HTTP ({type(error).__name__})") from None


def _body(response: http.client.HTTPResponse) -> Iterator[bytes]:
    status = response.status
    if status in _GONE:
        raise FileNotFoundError
    if status != HTTPStatus.OK:
        known = status in set(HTTPStatus)
        raise HttpError(f"the server answered {status}{f' {HTTPStatus(status).phrase}' if known else ''}")
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise HttpError("the server packed its content in a way that was not asked for")
    while True:
        try:
            block = response.read(_BLOCK)
        except (http.client.HTTPException, ValueError) as error:
            raise HttpError(f"the connection broke off before the end ({type(error).__name__})") from None
        if not block:
            break
        yield block
    # What was announced and did not come.
    if response.length:
        raise HttpError(f"the connection broke off {response.length:,} bytes before the end")


def _redirected(parts: SplitResult, first: _Origin, response: http.client.HTTPResponse) -> SplitResult:
    """Where a redirect leads. Raises `HttpError` for where none may."""
    location = response.headers.get("Location")
    if location is None:
        raise HttpError("it was redirected to nowhere")
    try:
        target = check_url(urljoin(parts.geturl(), quote(location, safe=_SAFE_IN_TARGET + "#")))
    except (ValueError, InputError):
        raise HttpError("it was redirected to what is not a URL of this kind") from None
    if target.scheme not in HTTP:
        raise HttpError("it was redirected to another protocol")
    if parts.scheme == "https" and target.scheme == "http":
        raise HttpError("it was redirected from https to http")
    # The user's login, if it leads back to where that belongs; never one that a server made up.
    host = target.netloc.rpartition("@")[2]
    login = parts.netloc.rpartition("@")[0] if _origin(target) == first else ""
    return target._replace(netloc=f"{login}@{host}" if login else host)


def _origin(parts: SplitResult) -> _Origin:
    assert parts.hostname is not None
    return _Origin(parts.scheme, parts.hostname.encode("idna").decode(), parts.port or _PORTS[parts.scheme])


def _connect(origin: _Origin, must_be_public: bool) -> socket.socket:
    """A connection to the first address that answers. Raises `HttpError`, `FileNotFoundError` if none does."""
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except OSError:
        raise FileNotFoundError from None
    for family, kind, protocol, _, address in found[:_ADDRESSES]:
        # Asked of the address that is connected to: a name may lead elsewhere at the next look.
        if must_be_public and not _is_public(str(address[0])):
            raise HttpError("it was redirected from a public server to an address of this machine or network")
        connection = socket.socket(family, kind, protocol)
        try:
            # For all of the handshake, too.
            connection.settimeout(_CONNECT_SECONDS)
            connection.connect(address)
            return _encrypt(connection, origin) if origin.scheme == "https" else connection
        except OSError:
            connection.close()
        except HttpError:
            connection.close()
            raise
    raise FileNotFoundError


def _encrypt(connection: socket.socket, origin: _Origin) -> socket.socket:
    # Here, since it takes 10 ms to import.
    import ssl

    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=origin.host)
    except ssl.SSLCertVerificationError:
        raise HttpError("the server's certificate is not valid") from None


def _is_public(address: str) -> bool:
    # Without the zone of an IPv6 address.
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global


def _request(parts: SplitResult, with_login: bool) -> bytes:
    """The bytes of a request. `check_url` has seen that no part has a control character."""
    target = quote(parts.path or "/", safe=_SAFE_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=_SAFE_IN_TARGET)
    origin = _origin(parts)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    shown_host = host if origin.port == _PORTS[origin.scheme] else f"{host}:{origin.port}"
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {shown_host}",
        "User-Agent: rlmlite",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if with_login and parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append("Authorization: Basic " + base64.b64encode(login.encode()).decode())
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
