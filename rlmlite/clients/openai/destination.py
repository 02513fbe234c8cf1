"""The one server that a connection talks to: the last look at a request before it is sent.

The SDK reads the environment: an account's names, headers of a company (`OPENAI_CUSTOM_HEADERS`), other addresses,
other keys. All of that is meant for OpenAI. So nothing is forbidden one by one; a request keeps the headers that every
HTTP request has, and gets the key of this server:

    from the SDK    authorization: Bearer none, openai-organization: org-1, x-team: secret, content-type: …
    sent to h       authorization: Bearer <the key of h>, content-type: …
    to OpenAI       the same, and the names of the account
"""

import httpx2

from rlmlite.clients.interface.keys import OPENAI_ORIGIN, origin_of

_PLAIN = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_OF_THE_SDK = "x-stainless-"  # its version, the platform, the number of the attempt
_ACCOUNT = frozenset({"openai-organization", "openai-project"})


class Destination:
    """A server's address, and its key if it has one."""

    def __init__(self, base: str, key: str | None) -> None:
        self._origin, self._key = origin_of(base), key

    def address(self, request: httpx2.Request) -> None:
        """Make a request one for this server. Raises `RuntimeError` for a request to another one: a bug, or worse."""
        if origin_of(str(request.url)) != self._origin:
            raise RuntimeError(f"a request for {self._origin} was about to go to {request.url.host}")
        for name in [name for name in request.headers if not self._may_keep(name.lower())]:
            del request.headers[name]
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"

    def _may_keep(self, name: str) -> bool:
        if name in _ACCOUNT:
            return self._origin == OPENAI_ORIGIN
        return name in _PLAIN or name.startswith(_OF_THE_SDK)
