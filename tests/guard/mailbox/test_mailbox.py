"""A mailbox into which somebody puts what is no answer: the call fails at once, with words, and nothing is touched."""

import asyncio
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import Mailbox
from rlmlite.errors import ModelError, SettingError
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Request, Result
from tests.guard.opening.traps import TRAPS, fence, look

ID = f"{7:032x}"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202e"
NEVER_ANSWERS = sorted(TRAPS.keys() - {"unreadable", "hard_link"})
"""Whoever runs tests as root can read all, and a second name of a file is a plain file."""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder to which links lead, with what must not be read."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "key").write_text("a private key", "utf-8")
    return folder


@pytest.fixture
def box(tmp_path: Path) -> Path:
    folder = tmp_path / "box"
    folder.mkdir(PRIVATE_FOLDER)
    return folder


def ask(folder: Path, told: list[str], during: Callable[[], object] = lambda: None) -> Result:
    """One call; `during` is done once its request is there."""

    async def call() -> Result:
        mailbox = Mailbox(folder, told.append, poll=0.01)
        task = asyncio.ensure_future(mailbox.complete("What?", Request(ID, "sub", "m", 100, ("?",), 1, "d" * 64)))
        await asyncio.sleep(0.03)
        during()
        return await asyncio.wait_for(task, 3)

    with fence():
        return asyncio.run(call())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("is_early", [True, False], ids=["early", "later"])
@pytest.mark.parametrize("suffix", ["txt", "json"])
@pytest.mark.parametrize("trap", NEVER_ANSWERS)
def test_a_trap_is_a_failed_call(trap: str, suffix: str, is_early: bool, box: Path, outside: Path) -> None:
    """Whether it was there before the call or comes later; the words name the file, and nothing outside is read."""
    place, told = box / f"{ID}.answer.{suffix}", list[str]()
    place.write_text('"a good answer"' if is_early else "", "utf-8")

    def spring() -> None:
        TRAPS[trap](place, outside)

    if is_early:
        spring()
    result = ask(box, told, (lambda: None) if is_early else spring)

    assert isinstance(result, Failed)
    assert (result.error, result.usage) == ("unavailable", NO_USE)
    assert place.name in result.detail
    assert any(place.name in line and "a call failed" in line for line in told)
    assert "[Errno" not in result.detail


@pytest.mark.parametrize("trap", [*NEVER_ANSWERS, "hard_link"])
def test_a_trap_is_no_request(trap: str, box: Path, outside: Path) -> None:
    """What has the name of a request is replaced by the request, and what it led to stays as it was."""
    place, told = box / f"{ID}.request.json", list[str]()
    TRAPS[trap](place, outside)
    before = look(outside)

    def answer() -> None:
        assert json.loads(place.read_text("utf-8"))["prompt"] == "What?"
        assert mode(place) == PRIVATE_FILE
        (box / f"{ID}.answer.json").write_text('"yes"')

    if trap == "folder":
        with pytest.raises(ModelError, match=r"request\.json cannot be written: Is a directory"):
            ask(box, told)
    else:
        assert ask(box, told, answer) == Answered("yes")
    assert look(outside) == before
    # Nothing unfinished is left behind, not even by a request that could not be written.
    assert {path.name for path in box.iterdir()} <= {place.name, f"{ID}.answer.json"}


def test_another_request_of_the_same_name_is_replaced(box: Path) -> None:
    """Somebody else would be asked, and would answer, another question."""
    place = box / f"{ID}.request.json"
    place.write_text('{"prompt": "May all be sent?"}')

    ask(box, [], lambda: (box / f"{ID}.answer.txt").write_text("no"))

    assert json.loads(place.read_text("utf-8"))["prompt"] == "What?"


@pytest.mark.parametrize("document", ["[" * 129, "[" * 200_000, '{"json": ' * 500 + "1" + "}" * 500, '{"a":[' * 5_000])
def test_an_answer_that_is_nested_too_deep_fails(document: str, box: Path) -> None:
    """No text that follows could make it valid, so nobody waits for more."""
    result = ask(box, [], lambda: (box / f"{ID}.answer.json").write_text(document))

    assert isinstance(result, Failed)
    assert result.detail.endswith("JSON nested deeper than 128")


@pytest.mark.parametrize(
    "document", [f'{{"{ESCAPES}": 1}}', f'{{"error": "{ESCAPES}"}}', json.dumps({ESCAPES: 1}), f'"{ESCAPES}']
)
def test_what_is_said_of_an_answer_is_harmless(document: str, box: Path) -> None:
    """A key or a value of a faulty answer gets into words, and words onto a terminal."""
    told: list[str] = []
    path = box / f"{ID}.answer.json"
    path.write_text(document, "utf-8")

    assert ask(box, told, lambda: path.write_text('"mended"')) == Answered("mended")
    assert any("not a valid answer yet" in line for line in told)
    assert not any(set(ESCAPES) & set("\x1b\x07\u202e") & set(line) for line in told)


def test_a_new_folder_and_its_requests_are_private(tmp_path: Path) -> None:
    """A prompt holds what the run has read."""
    box, before = tmp_path / "new" / "box", os.umask(0)
    try:
        ask(box, [], lambda: (box / f"{ID}.answer.txt").write_text("yes"))
    finally:
        os.umask(before)

    assert (mode(box), mode(box / f"{ID}.request.json")) == (PRIVATE_FOLDER, PRIVATE_FILE)


def test_a_folder_of_the_user_keeps_its_mode(box: Path) -> None:
    """It may be shared with a group on purpose. What is written there is private all the same."""
    box.chmod(0o770)
    ask(box, [], lambda: (box / f"{ID}.answer.txt").write_text("yes"))

    assert (mode(box), mode(box / f"{ID}.request.json")) == (0o770, PRIVATE_FILE)


@pytest.mark.parametrize("permissions", [0o777, 0o1777, 0o703, 0o702])
def test_a_folder_that_anybody_can_write_to_is_refused(permissions: int, box: Path) -> None:
    """Anybody on the machine could approve."""
    box.chmod(permissions)

    with pytest.raises(ModelError, match="anybody on this machine could answer there"):
        Mailbox(box, print)


@pytest.mark.parametrize("trap", sorted(TRAPS.keys() - {"folder", "unreadable", "link_to_copy"}))
def test_what_is_no_folder_is_refused(trap: str, tmp_path: Path, outside: Path) -> None:
    """With words, for a model and for approvals."""
    place = tmp_path / "no-box"
    TRAPS[trap](place, outside)

    with fence(), pytest.raises(ModelError, match="the folder cannot be created"):
        Mailbox(place, print)
    with pytest.raises(SettingError, match="the folder cannot be created"):
        rlmlite.execute("final(1)", "", trace=False, approve=f"mailbox:{place}")


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    """A null byte, and a name that is too long."""
    with pytest.raises(ModelError, match="the folder cannot be created") as caught:
        Mailbox(tmp_path / name, print)
    assert "[Errno" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["txt", "json"])
@pytest.mark.parametrize("trap", ["link_to_yes", *NEVER_ANSWERS])
def test_a_trap_approves_nothing(trap: str, suffix: str, box: Path, outside: Path) -> None:
    """Not even a link to a file that says yes: the call of the tool is denied, and the tool is not called."""
    calls: list[str] = []

    def send(text: str) -> str:
        """Sends."""
        calls.append(text)
        return "sent"

    yes = outside / "yes"
    yes.write_text("yes" if suffix == "txt" else '"yes"')

    def spring() -> None:
        for request in box.glob("*.request.json"):
            place = box / request.name.replace("request.json", f"answer.{suffix}")
            if not os.path.lexists(place):
                place.symlink_to(yes) if trap == "link_to_yes" else TRAPS[trap](place, outside)

    async def run() -> rlmlite.Outcome:
        approve = f"mailbox:{box}"
        call = rlmlite.execute_async("x = send(text=str(context))", "words", trace=False, tools=[send], approve=approve)
        task = asyncio.ensure_future(call)
        while not task.done():
            spring()
            await asyncio.sleep(0.01)
        return await task

    with fence():
        outcome = asyncio.run(run())

    assert calls == []
    assert outcome.failures == ("denied",)
