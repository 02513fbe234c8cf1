"""Web servers that misbehave: each ends with a message, in bounded time, memory and bytes."""

import time
from collections.abc import Callable, Iterator

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, TooLargeError, from_path, new_store
from rlmlite.inputs.formats.remote import http_client
from rlmlite_kernel.values.values import Text
from tests.guard.remote.rogue import TEXT, Rogue

READING = Reading(cache=False, max_bytes=2_000_000, max_fetch_seconds=4)


@pytest.fixture(scope="module")
def rogue() -> Iterator[Rogue]:
    server = Rogue()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "SILENCE", 0.6)


def load(url: str, reading: Reading = READING) -> bytes:
    store = new_store(reading)
    value = from_path(url, store, reading).value
    assert isinstance(value, Text)
    return bytes(store.read(value.blob))


@pytest.mark.parametrize("kind", ["good", "unbounded", "gzipped", "negative"])
def test_what_can_be_read_is_read(rogue: Rogue, kind: str) -> None:
    """A body with its length, up to the end of the connection, packed by a server that does not ask."""
    assert load(f"{rogue.base}/{kind}") == TEXT


WORDS = {
    "endless": "limit max_bytes",
    "endless-chunks": "limit max_bytes|limit max_fetch_seconds",
    "dripping-body": "slower than 1,000 bytes a second",
    "dripping-head": "slower than 1,000 bytes a second",
    "dripping-chunk": "slower than 1,000 bytes a second",
    "dripping-continue": "slower than 1,000 bytes a second",
    "silent": "sent nothing for 0.6 seconds",
    "endless-head": "is not HTTP",
    "endless-line": "is not HTTP",
    "endless-status": "is not HTTP",
    "endless-continue": "before its content",
    "half": "broke off 990 bytes before the end",
    "half-chunk": "broke off before the end",
    "bad-chunk": "broke off before the end",
    "no-chunk": "broke off before the end",
    "not-http": "is not HTTP",
    "nothing": "is not HTTP",
    "odd-status": "is not HTTP|answered 999$",
    "error": "answered 500 Internal Server Error$",
    "brotli": "packed its content in a way that was not asked for",
    "bomb": "limit max_bytes|limit max_ratio",
    "loop": "redirected more than 5 times",
    "nowhere": "redirected to nowhere",
    "gone": "does not exist, or cannot be reached",
}


@pytest.mark.parametrize("kind", WORDS)
def test_what_misbehaves_is_refused(rogue: Rogue, kind: str) -> None:
    """With words of ours alone."""
    begun = time.perf_counter()
    with pytest.raises(InputError, match=WORDS[kind]) as caught:
        load(f"{rogue.base}/{kind}")

    assert time.perf_counter() - begun < 4.5
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["dripping-body", "dripping-continue", "endless-chunks"])
def test_all_waiting_has_an_end(rogue: Rogue, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """However fast a server is."""
    monkeypatch.setattr(http_client, "SLOWEST", 0)
    monkeypatch.setattr(http_client, "LONGEST_HEAD", 1 << 40)
    begun = time.perf_counter()
    with pytest.raises((InputError, TooLargeError), match=r"max_fetch_seconds|max_bytes"):
        load(f"{rogue.base}/{kind}", Reading(cache=False, max_bytes=2_000_000, max_fetch_seconds=1))

    assert time.perf_counter() - begun < 3


LEADS = {
    "file:///etc/passwd": "to another protocol|not a URL of this kind",
    "ftp://host/x": "not a URL of this kind",
    "s3://bucket/x": "to another protocol",
    "memory://x/y": "to another protocol",
    "gopher://127.0.0.1:25/x": "not a URL of this kind",
    "data:text/plain,hello": "not a URL of this kind",
    "javascript:alert(1)": "not a URL of this kind",
    "http://": "not a URL of this kind|more than 5 times",
    "http://[::1": "not a URL of this kind",
    "http://host:99999/": "not a URL of this kind",
    "http://a b/": "not a URL of this kind",
    "http://" + "a" * 300 + "/": "not a URL of this kind",
    "http://127.0.0.1:1/": "cannot be reached",
}


@pytest.mark.parametrize("target", LEADS)
def test_redirects_lead_to_http_alone(rogue: Rogue, target: str) -> None:
    """To no other scheme, and to nothing that only looks like a URL."""
    with pytest.raises(InputError, match=LEADS[target]):
        load(f"{rogue.base}/to/{target.replace(':', '~')}")


def test_a_redirect_is_followed(rogue: Rogue) -> None:
    """Relative, absolute, and several in a row."""
    assert load(f"{rogue.base}/to//good") == TEXT
    assert load(f"{rogue.base}/to/{rogue.base.replace(':', '~')}/good") == TEXT
    assert load(f"{rogue.base}/to//to//to//good") == TEXT


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "[::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_a_public_server_leads_to_no_address_of_this_network(
    rogue: Rogue, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Where a cloud keeps its keys, or a router its settings. Nothing is sent there."""
    real = http_client._is_public
    # The rogue server stands for a public one; all other addresses are what they are.
    monkeypatch.setattr(http_client, "_is_public", lambda found: found == "127.0.0.1" or real(found))
    target = f"http~//{address.replace(':', '~')}~8/latest/meta-data"
    if address == "127.0.0.1":
        monkeypatch.setattr(http_client, "_is_public", _only_the_first())
    with pytest.raises(InputError, match="from a public server to an address of this machine or network"):
        load(f"{rogue.base}/to/{target}")


def _only_the_first() -> Callable[[str], bool]:
    asked: list[str] = []

    def is_public(address: str) -> bool:
        asked.append(address)
        return len(asked) == 1

    return is_public


def test_what_is_public() -> None:
    """Only an address that the whole net routes."""
    assert http_client._is_public("93.184.216.34")
    assert http_client._is_public("2606:2800:220:1::1")
    for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "100.64.0.1"):
        assert not http_client._is_public(address)


def test_a_login_stays_with_its_origin(rogue: Rogue) -> None:
    """User and password go to the server that they were given for, also after a redirect within it; to no other."""
    other = Rogue()
    try:
        rogue.requests.clear()
        url = rogue.base.replace("//", "//me:hush@")
        assert load(f"{url}/to//good") == TEXT
        assert all(b"Authorization: Basic" in request for request in rogue.requests)
        assert load(f"{url}/to/{other.base.replace(':', '~')}/good") == TEXT
        assert b"Authorization" not in other.requests[-1]
        # Nor does a server's own login go anywhere.
        assert load(f"{rogue.base}/to/{other.base.replace('//', '//evil:x@').replace(':', '~')}/good") == TEXT
        assert b"Authorization" not in other.requests[-1]
    finally:
        other.close()


def test_no_line_of_a_request_is_another_ones(rogue: Rogue) -> None:
    """A redirect cannot put a head of its own into the next request."""
    with pytest.raises(InputError):
        load(f"{rogue.base}/to/http:/%0d%0aX-Evil:inject")
    rogue.requests.clear()
    assert load(f"{rogue.base}/good?a=b c&é=%0d%0aX-Evil:1") == TEXT

    assert b"\r\nX-Evil" not in rogue.requests[0]
