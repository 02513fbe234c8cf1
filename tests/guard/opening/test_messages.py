"""What a person reads when a file is a trap: which file, what it is, what to write; never a number of the system."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite import Session
from rlmlite.cli.output.exits import Exit
from rlmlite_traces.errors import words_of
from tests.guard.opening.traps import TRAPS, fence
from tests.rlmlite.cli.commands import rlmlite
from tests.sizes import with_the_rest_slow

NUMBER = "[Errno"
COUNT = 'final(count(search(context, "ERROR")))'
SESSION, TRACE = "s.rlm", "t.rlm"

COMMANDS = (
    ("session", "show", SESSION),
    ("session", "exec", "-e", "y = 1", SESSION),
    ("session", "resume", SESSION),
    ("trace", "show", SESSION),
    ("trace", "verify", SESSION),
    ("trace", "replay", SESSION),
    ("trace", "replay", SESSION, "--input", "context=app.log"),
    ("trace", "replay", SESSION, "--store", "store"),
    ("exec", "-e", COUNT, "app.log"),
    ("exec", "-e", COUNT, "app.log", "--copy", "--store", "store"),
    ("exec", "-e", "final(1)", "app.log", "--trace", TRACE),
    ("session", "new", TRACE, "app.log"),
    ("store", "ls", "--store", "store"),
    ("store", "verify", "--store", "store"),
    ("trust", "--yes"),
    ("trust", SESSION),
    ("doctor",),
)
PLACES = (
    "app.log",
    "rlmlite.toml",
    ".rlmlite",
    TRACE,
    SESSION,
    "s.rlm/trace.jsonl",
    "s.rlm/blobs.jsonl",
    "s.rlm/run.key",
    "s.rlm/origin",
    "s.rlm/journal.jsonl",
    "store",
    "store/objects",
)


def begin() -> None:
    """A session, a store with its input, and a file of settings."""
    Session(SESSION, Path("app.log")).close()
    rlmlite("exec", "-e", "final(1)", "app.log", "--copy", "--store", "store", "--trace", "other.rlm")
    Path("rlmlite.toml").write_text("workers = 2\n")


_SAID = ("dangling_link", "pipe")
"""What the system says of these differs most. The others are tried in a sweep."""


@pytest.mark.parametrize("trap", with_the_rest_slow(sorted(TRAPS), _SAID))
@pytest.mark.parametrize("place", PLACES)
def test_no_message_has_a_number_of_the_system(place: str, trap: str, outside: Path) -> None:
    """Whatever stands in whichever place, in every command."""
    begin()
    TRAPS[trap](Path(place), outside)

    for command in COMMANDS:
        if place in command and trap == "pipe":
            continue  # a pipe that the user names is read, and waited for: `<(command)` in a shell is one
        with fence():
            output = rlmlite(*command).output
        assert NUMBER not in output, command


NAMES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "nothing",
    "a folder": lambda: str(shutil.copytree("s.rlm", "folder")),
    "below a file": lambda: "app.log/below",
    "too long": lambda: "x" * 300,
    "a link to itself": lambda: _link_to_itself(),
}
WAYS: tuple[tuple[str, ...], ...] = (
    ("exec", "{}", "app.log"),
    ("exec", "-e", "final(1)", "{}"),
    ("exec", "-e", "final(1)", "app.log", "--sub", "scripted:{}"),
    ("exec", "-e", "final(1)", "app.log", "--sub", "replay:{}"),
    ("exec", "-e", "final(1)", "app.log", "--sub", "mailbox:{}"),
    ("exec", "-e", "final(1)", "app.log", "--approve", "mailbox:{}"),
    ("exec", "-e", "final(1)", "app.log", "--policy", "{}"),
    ("exec", "-e", "final(1)", "app.log", "--tool", "{}.py:f"),
    ("exec", "-e", "final(1)", "app.log", "--trace", "{}"),
    ("exec", "-e", "final(1)", "app.log", "--copy", "--store", "{}"),
    ("session", "answer", SESSION, "{}"),
    ("session", "show", "{}"),
    ("session", "new", "{}", "app.log"),
    ("session", "show", SESSION, "--input", "context={}"),
    ("trace", "verify", "{}"),
    ("trace", "replay", "{}"),
    ("trace", "replay", SESSION, "--input", "context={}"),
    ("store", "gc", "--store", "{}"),
    ("trust", "{}"),
)


def _link_to_itself() -> str:
    Path("circle").symlink_to("circle")
    return "circle"


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_no_message_about_a_name_has_one(way: tuple[str, ...]) -> None:
    """Wherever a person can name a file."""
    begin()
    for name, make in NAMES.items():
        text = make()
        with fence():
            output = rlmlite(*(word.replace("{}", text) for word in way)).output

        assert NUMBER not in output, name


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("pipe", "app.log: expected a plain file, found a pipe"),
        ("device", "app.log: expected a plain file, found a device"),
        ("folder", "no such file"),
        ("dangling_link", "app.log: expected a plain file, found a symbolic link"),
    ],
)
def test_a_replay_says_why_an_input_is_missing(trap: str, reason: str, outside: Path) -> None:
    """And what to write, word for word."""
    rlmlite("exec", "-e", COUNT, "app.log", "--trace", TRACE)
    TRAPS[trap](Path("app.log"), outside)

    output = rlmlite("trace", "replay", TRACE).output

    assert f"input context is not available: {reason}; say where it is: --input context=app.log\n" in output


def test_what_a_replay_says_to_write_can_be_written() -> None:
    """Copied into a shell it names the input, though its path has a space and a quote."""
    path = "app's log.txt"
    shutil.copy("app.log", path)
    rlmlite("exec", "-e", COUNT, path, "--trace", TRACE)
    shutil.copytree(TRACE, "a copy.rlm")

    done = rlmlite("trace", "replay", "a copy.rlm")

    advice = done.output.partition("say where it is: ")[2].partition("\n")[0]
    words, _, trust = advice.partition("; or, if this folder is yours, run ")
    assert done.exit_code == Exit.UNVERIFIABLE
    assert rlmlite("trace", "replay", "a copy.rlm", *shlex.split(words)).exit_code == Exit.COMPLETED
    assert shlex.split(trust.split("`")[1]) == ["rlmlite", "trust", "a copy.rlm"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "app.log"), "app.log: Permission denied"),
        (PermissionError(13, "Permission denied", b"app.log"), "app.log: Permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError(9, "Bad file descriptor", 7), "Bad file descriptor"),
        (OSError("of our own"), "of our own"),
        (ValueError("none of the system's"), "none of the system's"),
    ],
)
def test_an_error_of_the_system_in_words(error: Exception, words: str) -> None:
    """With the path, if the system said one, and without its number."""
    assert words_of(error) == words
