"""Which key a server gets: the one that was bound to its host, and no other.

A key is a word of the user for one server. So it is bound to an origin, which is scheme, host and port together:

    keys = {"api.host": "HOST_KEY", "localhost:8000": "LAB_KEY", "http://10.0.0.5:8000": "RACK_KEY"}

    https://api.host/v1#m          the key in the variable HOST_KEY
    http://api.host/v1#m           none: in the clear it would be for everyone on the way
    https://api.host:8443/v1#m     none: another port is another server
    http://localhost:8000/v1#m     LAB_KEY: a name or address of this machine is bound for http and https

Keys stay in variables of the environment; what is bound is the *name* of a variable, so that no file holds a key.
Without a binding there are two defaults. `OPENAI_API_KEY` is bound to OpenAI's own origin, and cannot be bound to any
other. `RLMLITE_API_KEY` serves a server that has no binding, if that is the only one of the run: for two of them,
nobody has said which one it is for.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from rlmlite.errors import ModelError, SettingError

OPENAI_KEY: Final = "OPENAI_API_KEY"
SHARED_KEY: Final = "RLMLITE_API_KEY"
OPENAI_ORIGIN: Final = "https://api.openai.com:443"

_PORTS: Final = {"http": 80, "https": 443}
# Of letters that every parser of addresses takes for a host. A backslash, say, ends the host for some and not for
# others, and then the key goes to another host than the one that was looked up.
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_KEYLESS: ContextVar[bool] = ContextVar("rlmlite_keyless", default=False)
_THIS_MACHINE = re.compile(r"localhost|(.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]")
_OF_OPENAI = re.compile(r"https://([a-z0-9-]+\.)?api\.openai\.com:443")  # also those of one region
# In capitals, as people write them. So a key that was put where its variable belongs is found out, and not repeated.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
# What may stand in a header. A line end would begin another header; the SDK's error for it quotes the key.
_KEY = re.compile(r"[!-~]+")


_EXAMPLE: Final = 'such as {"api.host": "HOST_KEY"}'


class Key(msgspec.Struct, frozen=True):
    """A key for a server. `variable` holds it; `unbound`: it is the shared one, for want of a binding."""

    text: str
    variable: str
    unbound: bool = False

    def __repr__(self) -> str:
        """Without the key, which must not get into a log."""
        return f"Key(variable={self.variable!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The same for rich, which would ask msgspec."""
        return [("variable", self.variable)]


def origin_of(address: str) -> str | None:
    """`scheme://host:port` of an HTTP address, in one spelling; None for what is not clearly one."""
    try:
        parts = urlsplit(address)
        port = parts.port if parts.port is not None else _PORTS.get(parts.scheme)
        host = parts.hostname or ""
    except ValueError:
        return None
    host = f"[{host}]" if ":" in host else host
    is_plain = parts.scheme in _PORTS and _HOST.fullmatch(host) and port and parts.username is None
    # `urlsplit` drops line ends and blanks on its own, and another parser may not.
    if not is_plain or not address.isascii() or not address.isprintable() or " " in address:
        return None
    return f"{parts.scheme}://{host}:{port}"


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name."""
    return _THIS_MACHINE.fullmatch(host) is not None or host == "::1"


def bindings(name: str, value: object) -> dict[str, str]:
    """The variable of each origin, from `HOST`, `HOST:PORT` or an address. Raises `SettingError`."""
    # No message here quotes what it found: whoever mistakes what is to stand here writes the key itself.
    if not isinstance(value, Mapping):
        raise SettingError(f"setting {name}: expected a table with the variable of each host, {_EXAMPLE}")
    bound: dict[str, str] = {}
    for host, variable in value.items():
        for origin in _origins(name, host):
            bound[origin] = _variable(name, host, variable, origin)
    return bound


def _origins(name: str, host: object) -> tuple[str, ...]:
    text = host if isinstance(host, str) else ""
    if "://" in text:
        found = [origin_of(text)]
        is_origin = urlsplit(text).path in ("", "/") if found[0] else False
    else:
        found = [origin_of(f"https://{text}")]
        # A machine's own servers rarely have certificates, and nothing leaves it.
        if _THIS_MACHINE.fullmatch(urlsplit(f"//{text}").netloc.rpartition(":")[0] or text):
            found.append(origin_of(f"http://{text}"))
        is_origin = "/" not in text
    origins = tuple(origin for origin in found if origin is not None)
    if not origins or not is_origin:
        raise SettingError(f"setting {name}: expected hosts, such as api.host, localhost:8000 or http://10.0.0.5:8000")
    return origins


def _variable(name: str, host: str, variable: object, origin: str) -> str:
    if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
        raise SettingError(
            f"setting {name}: a host needs the name of the environment variable that holds its key, in capitals, "
            f"{_EXAMPLE}; the key itself belongs into that variable"
        )
    if variable == OPENAI_KEY and not _OF_OPENAI.fullmatch(origin):
        raise SettingError(
            f"setting {name}: {OPENAI_KEY} goes to api.openai.com only; put the key of {host} into another variable"
        )
    return variable


@contextmanager
def without_keys() -> Iterator[None]:
    """Within it no key is read, and none is missed: models are only described, and nothing is sent to them."""
    token = _KEYLESS.set(True)
    try:
        yield
    finally:
        _KEYLESS.reset(token)


def key_of(origin: str, keys: Mapping[str, str]) -> Key | None:
    """The key for a server; None if it gets none.

    Raises `ModelError` for a key that is bound and cannot be used, `SettingError` for bindings that are none.
    """
    bound = bindings("keys", keys)  # of hosts, if a host made its `Calling` itself
    if _KEYLESS.get():
        return None
    variable = bound.get(origin) or (OPENAI_KEY if origin == OPENAI_ORIGIN else None)
    if variable is not None:
        return _read(variable, origin)
    # Bound by name to one server, it is no longer for any other.
    if SHARED_KEY in bound.values() or not os.environ.get(SHARED_KEY):
        return None
    return msgspec.structs.replace(_read(SHARED_KEY, origin), unbound=True)


def _read(variable: str, origin: str) -> Key:
    text = os.environ.get(variable, "").strip()
    if not text:
        raise ModelError(f"{origin} needs a key in the environment variable {variable}")
    if not _KEY.fullmatch(text):
        raise ModelError(f"{variable} holds no key: a key is one line of ASCII without blanks")
    return Key(text, variable)


def check_shared_key(clients: Iterable[object]) -> None:
    """Raise `ModelError` if the key that no host was named for would go to more than one server of a run."""
    origins = {str(origin) for client in clients if (origin := getattr(client, "unbound_origin", None)) is not None}
    if len(origins) > 1:
        listed = " and ".join(sorted(origins))
        raise ModelError(
            f"{SHARED_KEY} would go to {listed}, and is for one server only; bind keys to hosts, with "
            f"""RLMLITE_KEYS='{{"{min(origins)}": "{SHARED_KEY}"}}' or a table [keys] in your own settings file"""
        )
