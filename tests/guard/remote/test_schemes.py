"""Which URLs are read: those of a list, by every way in which a URL can be named."""

from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest
from fsspec.registry import known_implementations  # type: ignore[import-untyped]

from rlmlite import execute
from rlmlite.errors import InputError
from rlmlite.inputs import READING, Url, from_path, from_value, new_store
from rlmlite.inputs.formats.remote.urls import LONGEST, SCHEMES, check_url

OTHERS = [*sorted(set(known_implementations) - set(SCHEMES)), "jar", "telnet", "dict", "ldap", "chrome", "about"]

CHAINS = (
    "simplecache::{}",
    "filecache::{}",
    "blockcache::{}",
    "zip://a.txt::{}",
    "tar://a.txt::{}",
    "reference://::{}",
    "dir://x::{}",
    "memory://x::{}",
    "s3://bucket/x::{}",
    "gs://bucket/x::simplecache::{}",
)


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the user that no URL may reach; and nothing may be opened by fsspec."""
    path = tmp_path / "secret.txt"
    path.write_text("hush")
    monkeypatch.setattr(fsspec, "open", lambda *args, **options: pytest.fail(f"opened {args}"))
    return path


@pytest.mark.parametrize("scheme", OTHERS)
def test_no_other_scheme_is_read(secret: Path, scheme: str) -> None:
    """Whatever fsspec has: files, shells, caches, other clouds."""
    for url in (f"{scheme}://{secret}", f"{scheme.upper()}://host/x", f"{scheme}://"):
        with pytest.raises(InputError, match=r"are not read; there are: https|does not exist"):
            from_path(url, new_store(READING))
        with pytest.raises(InputError, match=r"are not read; there are: https|is not a URL"):
            from_value(Url(url), new_store(READING))


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("inner", ["file://{}", "local://{}", "{}", "http://127.0.0.1:1/x", "github://a:b@/x"])
def test_no_url_is_opened_through_another(secret: Path, chain: str, inner: str) -> None:
    """A chain could reach any scheme, and write caches."""
    url = chain.format(inner.format(secret))
    for place in (url, f"text:{url}"):
        with pytest.raises(InputError):
            from_path(place, new_store(READING))
    with pytest.raises(InputError):
        from_value(Url(url), new_store(READING))


HOSTILE = {
    "a line end": "http://host/a\r\nX: y",
    "a NUL": "http://host/\0",
    "an escape": "http://\x1b[2J/",
    "a half surrogate": "http://host/\ud800",
    "a backslash": "http://good\\@evil/",
    "no host": "http:///x",
    "a port that is none": "http://host:port/",
    "a port that is too large": "http://host:65536/",
    "a bracket": "http://[host/",
    "an address that is none": "http://[zz::1]/",
    "blanks for a host": "http:// /",
    "a long host": "http://" + "a" * 10_000 + "/",
    "a long label": "http://" + "é" * 100 + ".de/",
    "a long URL": "http://host/" + "a" * (LONGEST + 1),
    "a right-to-left mark": "http://host\u202e/",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_url_is_said_without_harm(kind: str) -> None:
    """With a short message that a terminal can show."""
    with pytest.raises(InputError) as caught:
        check_url(HOSTILE[kind])

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_program_reaches_no_url() -> None:
    """A program has inputs by name; no action takes a place to read from."""
    ended = execute('x = count("http://127.0.0.1:1/x")\ny = search("file:///etc/passwd", "root")\nfinal([x, count(y)])')

    assert (ended.status, ended.reason, ended.value) == ("partial", "rests_on_no_hits", [20, 0])


@pytest.mark.parametrize(
    "url",
    ["https://host/a%20b?x=1", "http://[::1]:8080/x", "HTTPS://Host/", "https://müller.de/é", "s3://b_c/k::"[:-2]],
)
def test_what_is_a_url_is_one(url: str) -> None:
    """Of a scheme in the list."""
    assert check_url(url).hostname
