"""Each file of a stranger's trace as a trap, opened by each command: nothing outside is touched, and nothing hangs."""

from pathlib import Path

import pytest

from rlmlite.agent.sessions.session import Session
from rlmlite.cli.output.exits import Exit
from rlmlite.runs.settings.setting import KEY_BYTES
from tests.guard.opening.traps import TRAPS, fence, look
from tests.rlmlite.cli.commands import rlmlite
from tests.sizes import with_the_rest_slow

SESSION = Path("s.rlm")
LARGE = "x" * 100_000

COMMANDS = (
    ("trace", "show"),
    ("trace", "verify"),
    ("trace", "replay"),
    ("session", "show"),
    ("session", "pending"),
    ("session", "exec", "-e", "y = 1"),
    ("session", "resume"),
    ("grammar", "--format", "llguidance", "--session"),
    ("session", "seal"),
)
"""In this order: each may leave the session to the next one, and a seal ends it."""

FILES = (
    "trace.jsonl",
    "blobs.jsonl",
    "effects.jsonl",
    "journal.jsonl",
    "timing.jsonl",
    "run.key",
    "lock",
    "store",
    "blobs",
    "blobs/LARGE",
    "nested",
)


def build_session() -> None:
    """A session with a large blob and a call that waits, so that each of its files is there."""
    with Session(SESSION, {"context": Path("app.log"), "big": LARGE}, run_key="7" * 2 * KEY_BYTES) as session:
        session.exec('hits = search(context, "ERROR")')
    rlmlite("session", "exec", str(SESSION), "-e", 'a = sub_lm("one?")')
    (SESSION / "nested").mkdir()


def place_of(file: str) -> Path:
    if file == "blobs/LARGE":
        return next((SESSION / "blobs").iterdir())
    return SESSION / file


@pytest.mark.parametrize("trap", with_the_rest_slow(TRAPS, ("link_to_copy", "pipe", "sparse")))
@pytest.mark.parametrize("file", FILES)
def test_a_trap_in_a_session_does_no_harm(file: str, trap: str, outside: Path) -> None:
    """Every command ends at once, with an exit code, and what is outside the folder is as it was."""
    build_session()
    TRAPS[trap](place_of(file), outside)
    before = look(outside)

    for command in COMMANDS:
        with fence():
            rlmlite(*command, str(SESSION))

    assert look(outside) == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_is_no_trace_stays_as_it_is(command: tuple[str, ...], outside: Path) -> None:
    """A wrong path leaves nothing behind, not even a lock."""
    before = look(outside)

    assert rlmlite(*command, str(outside)).exit_code == Exit.INPUT
    assert look(outside) == before


@pytest.mark.parametrize("file", ["trace.jsonl", "blobs.jsonl", "effects.jsonl", "blobs", "blobs/LARGE"])
@pytest.mark.parametrize("command", [("trace", "verify"), ("trace", "replay"), ("trace", "show"), ("session", "show")])
def test_a_link_to_the_very_same_content_is_refused(file: str, command: tuple[str, str], outside: Path) -> None:
    """The refusal is not that the content is wrong: a link is not followed at all."""
    build_session()
    assert rlmlite("trace", "verify", str(SESSION)).exit_code == Exit.COMPLETED
    TRAPS["link_to_copy"](place_of(file), outside)

    result = rlmlite(*command, str(SESSION))

    assert result.exit_code not in (Exit.COMPLETED, Exit.UNVERIFIABLE)
    assert "symbolic link" in result.output
