"""Remote inputs: an HTTP server on this machine, fsspec's file system in memory, and no secret in a trace."""

import contextlib
import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest

import rlmlite
from rlmlite.agent.sessions.session import Session
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import Reading, TooLargeError, Url
from rlmlite.inputs.formats.remote.urls import is_remote, without_secrets
from tests.rlmlite.inputs.input_files import load_plain, notes_text, zip_of

TEXT = "over the wire: café\n" * 1000
FILES = {"/app.log": TEXT.encode(), "/app.log.gz": gzip.compress(TEXT.encode()), "/large": b"x" * 3_000_000}


class Handler(BaseHTTPRequestHandler):
    """Serves `FILES`; `/private` needs a user, and tells on failure what it was asked."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/private" and "Authorization" not in self.headers and "sig=hush" not in self.path:
            self.send_error(403, f"no {self.path}")
            return
        content = FILES.get(path, FILES["/app.log"] if path == "/private" else None)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + (10 if self.path.endswith("?cut") else 0)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked may have enough
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["app.log", "app.log.gz"])
def test_a_url_is_an_input(server: str, name: str) -> None:
    """It is fetched once and hashed on the way; the trace keeps nothing of its content."""
    found, text = load_plain(f"http://{server}/{name}")

    file = found.source.files[0]
    steps = [step.by for step in found.source.recipe(file)]
    assert (text, found.memory, found.source.path) == (TEXT, None, f"http://{server}/{name}")
    assert steps == ["fetch"] + ["gzip"] * name.endswith("gz")
    assert (file.original or file.digest) == hashlib.sha256(FILES[f"/{name}"]).hexdigest()
    assert "fetched by HTTP/1.1" in notes_text(found)


def test_an_archive_may_be_remote(tmp_path: Path) -> None:
    """It is read from fsspec's memory, as from a bucket."""
    content = zip_of(tmp_path / "a.zip", {"a.txt": b"a", "b.txt": b"b"}).read_bytes()
    fsspec.filesystem("memory").pipe("/bucket/a.zip", content)

    found, texts = load_plain("memory://bucket/a.zip")

    assert texts == {"a.txt": "a", "b.txt": "b"}
    assert found.source.archive is not None
    assert found.source.archive.digest == hashlib.sha256(content).hexdigest()
    assert [step.by for step in found.source.recipe(found.source.archive)] == ["fetch", "zip"]


def test_an_unavailable_url_is_refused(server: str) -> None:
    """A missing file, a host that does not answer, an unknown protocol."""
    with pytest.raises(InputError, match=r"http://.*/nothing does not exist, or cannot be reached"):
        load_plain(f"http://{server}/nothing")
    with pytest.raises(InputError, match="cannot be reached"):
        load_plain("http://127.0.0.1:1/x")
    with pytest.raises(InputError, match="URLs of the scheme nonsense: are not read"):
        load_plain("nonsense://host/x")
    with pytest.raises(InputError, match="s3://bucket/x needs another library"):
        load_plain("s3://bucket/x")


def test_half_of_a_file_is_refused(server: str) -> None:
    """A connection that breaks off is not the end of the file."""
    with pytest.raises(InputError, match="cannot be fetched"):
        load_plain(f"http://{server}/app.log?cut")


def test_no_more_is_fetched_than_is_allowed(server: str) -> None:
    """A server may send without end."""
    with pytest.raises(TooLargeError, match="limit max_bytes"):
        load_plain(f"http://{server}/large", Reading(max_bytes=100_000))


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        ("https://user:hush@host/a?b=1#c", "https://host/a?b"),
        ("https://host:80/a%20b.txt", "https://host:80/a%20b.txt"),
        ("s3://bucket/key.gz", "s3://bucket/key.gz"),
        ("https://host/k?X-Amz-Signature=hush&X-Amz-Expires=9", "https://host/k?X-Amz-Signature&X-Amz-Expires"),
    ],
)
def test_a_url_is_recorded_without_secrets(url: str, recorded: str) -> None:
    """The names in a query stay, the values do not."""
    assert is_remote(url)
    assert without_secrets(url) == recorded


@pytest.mark.parametrize("path", ["a.txt", "./http:/x", "C:\\x", "a://", "dir/x://y"])
def test_other_paths_are_not_urls(path: str) -> None:
    """A file may have an odd name."""
    assert not is_remote(path)


def test_no_secret_is_in_a_trace_or_a_message(server: str, tmp_path: Path) -> None:
    """Neither a signature nor a password, in any file, note or error; a note says that one was left out."""
    url = f"http://{server}/private?sig=hush"
    outcome = rlmlite.execute("final(count(a.lines))", {"a": Url(url)}, trace=tmp_path / "t.rlm")

    assert outcome.value == 1000
    assert all(b"hush" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "secrets left out of the URL" in notes_text(load_plain(url)[0])
    with pytest.raises(InputError) as caught:
        load_plain(f"http://{server}/private?other=secretvalue")
    assert "secretvalue" not in str(caught.value)


def test_a_session_over_a_url_goes_on_in_another_process(server: str, tmp_path: Path) -> None:
    """It is fetched again if it is named, with its secrets; never by itself."""
    with Session(tmp_path / "s.rlm", {"a": Url(f"http://{server}/app.log.gz")}) as session:
        session.exec("x = count(a.lines)")
    with Session(tmp_path / "s.rlm", {"a": Url(f"http://{server}/app.log.gz")}) as session:
        assert session.exec("final(x + count(search(a, 'wire')))").value == 2000
    secret = {"a": Url(f"http://{server}/private?sig=hush")}
    Session(tmp_path / "t.rlm", secret).close()
    Session(tmp_path / "t.rlm", secret).close()

    with pytest.raises(SettingError, match=r"--input a=http://.*/app.log.gz, which fetches it again"):
        Session(tmp_path / "s.rlm")
    with pytest.raises(SettingError, match=r"--input a=URL .*had secrets that are not recorded"):
        Session(tmp_path / "t.rlm")
