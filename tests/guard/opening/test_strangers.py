"""A session of somebody else's, or one that was moved: what it names outside itself is not touched without a word.

`stranger` makes such a folder: it is begun here like any session, and then moved, so that its tag says nothing.
"""

import json
import os
import shlex
import shutil
import socket
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest

from rlmlite import Session, Url
from rlmlite.cli.output.exits import Exit
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite_traces import replay, verify
from rlmlite_traces.blobs.directory import open_layout
from tests.guard.opening.traps import fence, look
from tests.rlmlite.cli.commands import rlmlite

LOOKING = (("session", "show"), ("session", "pending"), ("session", "seal"))
WORKING = (("session", "exec", "-e", "y = 1"), ("session", "resume"))
SESSION_COMMANDS = (*LOOKING[:2], *WORKING, ("grammar", "--format", "llguidance", "--session"), LOOKING[2])


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that somebody tried to connect to; none is reached."""
    tried: list[object] = []

    def refuse(address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", lambda _, address: refuse(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: refuse(address))
    return tried


def stranger(path: str = "s.rlm") -> str:
    """Move a session, as an archive that was unpacked elsewhere is."""
    moved = f"moved {path}"
    shutil.move(path, moved)
    return moved


def opened(path: str, *command: str, more: tuple[str, ...] = ()) -> tuple[int, str]:
    with fence():
        result = rlmlite(*command, path, *more)
    return result.exit_code, result.output


@pytest.mark.parametrize("command", SESSION_COMMANDS, ids=" ".join)
def test_the_files_of_a_strangers_session_are_not_read(command: tuple[str, ...]) -> None:
    """Not even hashed: the message says how to name them, and with the name the command works."""
    Session("s.rlm", Path("app.log")).close()
    path = stranger()

    code, output = opened(path, *command)

    assert code == Exit.USAGE
    assert "where it was recorded is not looked at" in output
    assert "--input context=app.log" in output
    assert f"rlmlite trust {shlex.quote(path)}" in output
    assert opened(path, *command, more=("--input", "context=app.log"))[0] == Exit.COMPLETED


@pytest.mark.parametrize("command", SESSION_COMMANDS, ids=" ".join)
def test_a_session_that_was_begun_here_needs_no_name(command: tuple[str, ...]) -> None:
    """What a user began goes on as it always did."""
    assert rlmlite("session", "new", "s.rlm", "app.log").exit_code == Exit.COMPLETED

    assert opened("s.rlm", *command)[0] == Exit.COMPLETED


def test_a_run_that_was_begun_here_replays_without_a_name() -> None:
    """And a copy of it does not, until its inputs are named."""
    program = 'final(count(search(context, "ERROR")))'
    assert rlmlite("exec", "-e", program, "app.log", "--trace", "t.rlm").exit_code == Exit.COMPLETED
    assert rlmlite("trace", "replay", "t.rlm").exit_code == Exit.COMPLETED
    shutil.copytree("t.rlm", "copy.rlm")

    assert rlmlite("trace", "replay", "copy.rlm").exit_code == Exit.UNVERIFIABLE
    assert rlmlite("trace", "replay", "copy.rlm", "--input", "context=app.log").exit_code == Exit.COMPLETED
    assert replay(verify(Path("copy.rlm"))).missing.keys() == {"context"}


def test_a_tag_is_worth_nothing_elsewhere() -> None:
    """Neither a copied tag, nor one beside another genesis, nor one with another key holds."""
    Session("s.rlm", Path("app.log")).close()
    Session("other.rlm", Path("app.log")).close()
    assert is_begun_here(Path("s.rlm"), verify(Path("s.rlm")))
    shutil.copytree("s.rlm", "copy.rlm")
    shutil.copy("s.rlm/origin", "other.rlm/origin")
    key = Path(os.environ["XDG_STATE_HOME"], "rlmlite", "origin.key")

    assert not is_begun_here(Path("copy.rlm"), verify(Path("copy.rlm")))
    assert not is_begun_here(Path("other.rlm"), verify(Path("other.rlm")))
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    try:
        key.chmod(0o644)  # a key that others can read is nobody's
        assert not is_begun_here(Path("s.rlm"), verify(Path("s.rlm")))
        key.chmod(0o600)
        key.write_bytes(bytes(32))
        assert not is_begun_here(Path("s.rlm"), verify(Path("s.rlm")))
    finally:
        key.write_bytes(before)
    assert is_begun_here(Path("s.rlm"), verify(Path("s.rlm")))


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33, None])
def test_without_a_key_nothing_fails(key: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder that cannot be used means no tag; inputs are then named again."""
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    if key is None:
        state.write_text("no folder")
    else:
        (state / "rlmlite").mkdir(parents=True)
        (state / "rlmlite" / "origin.key").write_bytes(key)
        (state / "rlmlite" / "origin.key").chmod(0o600)
    assert rlmlite("session", "new", "s.rlm", "app.log").exit_code == Exit.COMPLETED

    assert not Path("s.rlm", "origin").exists()
    assert opened("s.rlm", "session", "show")[0] == Exit.USAGE
    assert opened("s.rlm", "session", "show", "--input", "context=app.log")[0] == Exit.COMPLETED


def test_a_folder_that_the_user_trusts_is_his_own() -> None:
    """After a look at it, as `rlmlite trust` gives one."""
    Session("s.rlm", Path("app.log")).close()
    path = stranger()

    result = rlmlite("trust", path, input="n\n")
    assert (result.exit_code, "input context: app.log" in result.output) == (Exit.REFUSED, True)
    assert opened(path, "session", "show")[0] == Exit.USAGE
    assert rlmlite("trust", path, input="y\n").exit_code == Exit.COMPLETED
    assert opened(path, "session", "show")[0] == Exit.COMPLETED
    assert rlmlite("trust", path, "--revoke").exit_code == Exit.COMPLETED
    assert opened(path, "session", "show")[0] == Exit.USAGE


def test_trust_shows_all_that_a_trace_would_reach(outside: Path) -> None:
    """Files, the store, models: what is used again, and what is named each time in any case."""
    (outside / "docs").mkdir()
    for number in range(30):
        (outside / "docs" / f"{number}.txt").write_text("text")
    models = ("--controller", "http://127.0.0.1:9/v1#m", "--sub", f"mailbox:{outside}/box")
    inputs = (f"docs={outside}/docs", f"key={outside}/key")
    rlmlite("session", "new", "s.rlm", *inputs, "--copy", "--store", str(outside / "store"), *models)
    path = stranger()

    shown = rlmlite("trust", path, input="n\n").output

    for place in (f"{outside}/docs", f"{outside}/key", "0.txt", "10 files more", str(outside / "store")):
        assert place in shown
    assert "model of controller: http://127.0.0.1:9/v1#m\n        called only if you name it each time" in shown
    assert f"model of sub: mailbox:{outside}/box\n        used when a program calls" in shown
    assert rlmlite("trust", path, "--yes", "--json").exit_code == Exit.COMPLETED
    Path("app.log").unlink()
    assert opened(path, "session", "exec", "-e", "x = 1")[0] == Exit.COMPLETED


@pytest.mark.parametrize("command", SESSION_COMMANDS, ids=" ".join)
def test_a_private_file_is_neither_copied_nor_made_readable(command: tuple[str, ...], outside: Path) -> None:
    """A stranger records a private key as an input, and a store: the key stays where it is, and as it is."""
    with Session("s.rlm", outside / "key", copy_to=outside / "store"):
        pass
    for place in (outside / "store" / "objects").glob("*/*"):
        place.unlink()
    path = stranger()
    before = look(outside)

    code, _ = opened(path, *command)

    assert code == Exit.USAGE
    assert look(outside) == before
    assert opened(path, *command, more=("--store", str(outside / "store")))[0] == Exit.USAGE
    assert list((outside / "store" / "objects").glob("*/*")) == []


@pytest.mark.parametrize("command", SESSION_COMMANDS, ids=" ".join)
def test_content_is_compared_before_it_is_copied(command: tuple[str, ...]) -> None:
    """Even in a session of one's own: what lies at the recorded path now may be anything."""
    Path("input.txt").write_text("what the session is about")
    Session("s.rlm", Path("input.txt"), copy_to="store").close()
    for place in Path("store/objects").glob("*/*"):
        place.unlink()
    Path("input.txt").write_text("a private key")

    code, output = opened("s.rlm", *command)

    assert (code, "has other content" in output) == (Exit.USAGE, True)
    assert list(Path("store/objects").glob("*/*")) == []
    assert list(Path("store/incoming").iterdir()) == []


@pytest.mark.parametrize("scheme", ["http://127.0.0.1:9/v1#m", "https://example.org/v1#m", "ollama:m", "openai:gpt-5"])
def test_a_server_is_asked_only_if_it_is_named(
    scheme: str, connections: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a session of one's own as well: what leaves the machine is named each time."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    rlmlite("session", "new", "s.rlm", "app.log", "--sub", scheme)
    connections.clear()  # it was named here, and may have been asked for its window

    for command in SESSION_COMMANDS[:2]:
        assert opened("s.rlm", *command)[0] == Exit.COMPLETED
    code, output = opened("s.rlm", "session", "exec", "-e", 'final(sub_lm("hello"))')

    assert (code, connections) == (Exit.USAGE, [])
    assert f"--sub {shlex.quote(scheme)}" in output
    assert opened("s.rlm", "session", "resume")[0] == Exit.USAGE
    assert connections == []


def test_a_server_that_is_named_is_asked(connections: list[object]) -> None:
    """By a flag or by the environment; another model than that of the session is refused."""
    model = "http://127.0.0.1:9/v1#m"
    rlmlite("session", "new", "s.rlm", "app.log", "--sub", model)

    rlmlite("session", "exec", "s.rlm", "-e", 'x = sub_lm("hello")', "--sub", model)
    assert connections != []
    assert rlmlite("session", "exec", "s.rlm", "-e", "y = 1", "--sub", "ollama:other").exit_code == Exit.USAGE


@pytest.mark.parametrize("command", SESSION_COMMANDS, ids=" ".join)
def test_a_url_is_fetched_only_if_it_is_named(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a session tells nobody that it was opened."""
    fsspec.filesystem("memory").pipe("/page.txt", b"some text")
    Session("s.rlm", Url("memory://page.txt")).close()
    opens: list[str] = []
    real = fsspec.open

    def watched(url: str, *rest: Any, **named: Any) -> Any:
        opens.append(url)
        return real(url, *rest, **named)

    monkeypatch.setattr(fsspec, "open", watched)

    code, output = opened("s.rlm", *command)

    assert (code, opens) == (Exit.USAGE, [])
    assert "--input context=memory://page.txt" in output
    assert opened("s.rlm", *command, more=("--input", "context=memory://page.txt"))[0] == Exit.COMPLETED
    assert opens == ["memory://page.txt"]


def test_a_mailbox_of_a_stranger_is_not_made(outside: Path) -> None:
    """Neither when the session is opened nor when a program calls."""
    rlmlite("session", "new", "s.rlm", "--sub", f"mailbox:{outside}/box")
    (outside / "box").rmdir()
    path = stranger()

    for command in (*SESSION_COMMANDS[:2], ("session", "exec", "-e", 'x = sub_lm("?")')):
        opened(path, *command)

    assert not (outside / "box").exists()


def test_a_relative_place_of_a_model_holds_in_one_folder(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a stranger's folder, `controller.jsonl` is the stranger's, whoever began the session."""
    line = json.dumps("yes") + "\n"
    Path("script").write_text(line * 2)
    (outside / "script").write_text(line)
    rlmlite("session", "new", "s.rlm", "--sub", "scripted:script")
    session = str(Path("s.rlm").absolute())
    call = ("session", "exec", "-e", 'final(sub_lm("?"))')
    assert opened(session, *call)[0] == Exit.COMPLETED
    rlmlite("session", "new", "box.rlm", "--sub", "mailbox:box")
    box = str(Path("box.rlm").absolute())
    monkeypatch.chdir(outside)

    assert opened(session, *call)[0] == Exit.USAGE
    assert opened(session, "session", "resume", more=("--sub", "scripted:script"))[0] == Exit.COMPLETED
    assert opened(box, *call)[0] == Exit.USAGE
    assert not (outside / "box").exists()


@pytest.mark.parametrize("path", ["a; touch hacked", "$(touch hacked)", "`touch hacked`", "a' ; touch hacked '", "-x"])
def test_what_to_write_can_be_copied_into_a_shell(path: str) -> None:
    """A stranger chooses the path that the message repeats, and a user copies the message."""
    Path(path).write_text("text")
    Session("s.rlm", {"context": Path(path)}).close()

    code, output = opened(stranger(), "session", "show")

    assert code == Exit.USAGE
    suggested = output.partition("say where it is: ")[2].partition("; or, if this folder")[0]
    assert shlex.split(suggested) == ["--input", f"context={path}"]


def test_a_script_of_a_stranger_is_not_read(outside: Path) -> None:
    """A script is read whole, so it may not be a private file either."""
    (outside / "script").write_text(json.dumps("yes") + "\n")
    rlmlite("session", "new", "s.rlm", "--sub", f"scripted:{outside}/script")
    call = ("session", "exec", "-e", 'final(sub_lm("?"))')
    assert opened("s.rlm", *call)[0] == Exit.COMPLETED
    path = stranger()

    code, output = opened(path, *call)

    assert (code, f"--sub scripted:{outside}/script" in output) == (Exit.USAGE, True)
    assert opened(path, "session", "resume", "--sub", f"scripted:{outside}/script")[0] == Exit.COMPLETED


@pytest.mark.parametrize("trap", ["link", "pipe", "folder"])
def test_a_recorded_file_must_be_plain(trap: str, outside: Path) -> None:
    """Also in a session of one's own: a link at the recorded path was put there since."""
    Session("s.rlm", Path("app.log")).close()
    log = Path("app.log").rename(outside / "app.log")
    if trap == "link":
        Path("app.log").symlink_to(log)
    elif trap == "pipe":
        os.mkfifo("app.log")
    else:
        Path("app.log").mkdir()

    assert opened("s.rlm", "session", "show")[0] == Exit.USAGE
    assert opened("s.rlm", "session", "show", "--input", f"context={log}")[0] == Exit.COMPLETED


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "a/../../secret.txt", "..", "link/secret.txt"])
def test_names_in_a_trace_do_not_lead_out_of_a_named_folder(name: str, outside: Path) -> None:
    """A folder that the caller names is all that is looked at, whatever a trace calls its files."""
    from rlmlite_traces.replays.places import candidates

    (outside / "docs").mkdir()
    (outside / "secret.txt").write_text("private")
    (outside / "docs" / "link").symlink_to(outside)

    for place in candidates(name, outside / "docs", None):
        try:
            found = place.hash(text=True)
        except OSError:
            continue
        assert found is None


def test_a_strangers_store_is_opened_to_read(outside: Path) -> None:
    """A store that the caller names gives its contents, and stays as it is to the last byte and time."""
    with Session("s.rlm", Path("app.log"), copy_to=outside / "store"):
        pass
    path = stranger()
    Path("app.log").unlink()
    before = look(outside)

    assert opened(path, "session", "exec", "-e", "x = 1", "--store", str(outside / "store"))[0] == Exit.COMPLETED
    assert look(outside) == before
    assert open_layout(outside / "store").path == outside / "store"
