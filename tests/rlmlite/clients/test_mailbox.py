"""The mailbox: requests and answers as files."""

import asyncio
import json
from pathlib import Path

import pytest

import rlmlite
from rlmlite.clients import Mailbox, client
from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_traces import Level, verify

KEY = "c0" * 32
PROGRAM = 'final(extract_over_chunks(context.lines, "Read {text}"))'
LINES = "a\nb\n"


def request(index: int = 0) -> Request:
    return Request(f"{index:032x}", "sub", "mailbox:m", 100, ("?",), 1, "d" * 64)


def mailbox(folder: Path, told: list[str] | None = None) -> Mailbox:
    return Mailbox(folder, (told if told is not None else []).append, poll=0.01)


def ask_while_writing(folder: Path, *writes: tuple[str, bytes], told: list[str] | None = None) -> Result:
    """One call, while files are written one after the other."""

    async def ask() -> Result:
        call = asyncio.ensure_future(mailbox(folder, told).complete("What?", request()))
        for suffix, data in writes:
            await asyncio.sleep(0.04)
            assert not call.done()
            (folder / f"{request().id}.answer.{suffix}").write_bytes(data)
        return await asyncio.wait_for(call, 5)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("suffix", "data", "expected"),
    [
        ("txt", "It says é.\n".encode(), Answered("It says é.")),
        ("json", b'"plain"', Answered("plain")),
        ("json", b'{"text": ""}', Answered("")),
        ("json", b'{"json": {"n": 1}}', Answered('{"n": 1}')),
        ("json", b'{"error": "refused"}', Failed("refused")),
    ],
)
def test_an_answer_is_a_file(tmp_path: Path, suffix: str, data: bytes, expected: Result) -> None:
    """A text without its final newline, or a line of a script."""
    assert ask_while_writing(tmp_path, (suffix, data)) == expected


def test_the_request_says_all_that_is_needed(tmp_path: Path) -> None:
    """It is complete as soon as it is there, and no other file is left beside it."""
    ask_while_writing(tmp_path, ("txt", b"yes"))

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{request().id}.request.json", f"{request().id}.answer.txt"}
    assert json.loads((tmp_path / f"{request().id}.request.json").read_text("utf-8")) == {
        "id": request().id,
        "kind": "lm",
        "role": "sub",
        "model": "mailbox:m",
        "max_output_tokens": 100,
        "digest": "d" * 64,
        "prompt": "What?",
    }


def test_half_an_answer_is_not_accepted(tmp_path: Path) -> None:
    """Unfinished JSON, an empty file, text that is not UTF-8: it waits, and reports each once."""
    told: list[str] = []

    found = ask_while_writing(
        tmp_path, ("json", b'{"text": "a'), ("txt", b""), ("txt", b"\xff"), ("txt", b"done"), told=told
    )

    assert found == Answered("done")
    assert ["waiting for" in told[0], "not a valid answer yet" in told[1], "not UTF-8" in told[2]] == [True] * 3
    assert len(told) == 3


def test_a_text_that_grows_is_awaited(tmp_path: Path) -> None:
    """It counts when two looks find the same size."""
    folder = tmp_path
    path = folder / f"{request().id}.answer.txt"

    async def ask() -> Result:
        call = asyncio.ensure_future(Mailbox(folder, print, poll=0.05).complete("What?", request()))
        for end in range(1, 21):
            path.write_bytes(b"x" * end)
            await asyncio.sleep(0.02)
        return await asyncio.wait_for(call, 5)

    assert asyncio.run(ask()) == Answered("x" * 20)


def test_a_run_that_was_stopped_reuses_its_answers(tmp_path: Path) -> None:
    """The same run asks the same questions; an answered one is not asked again, and no file is touched."""
    box = tmp_path / "box"

    async def run_until_asked() -> None:
        call = asyncio.ensure_future(
            rlmlite.execute_async(PROGRAM, LINES, sub=mailbox(box), trace=tmp_path / "one.rlm", run_key=KEY)
        )
        while len(list(box.glob("*.request.json"))) < 2 and not call.done():
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(run_until_asked())
    requests = sorted(box.iterdir())
    for path in requests:
        line = json.loads(path.read_text("utf-8"))["prompt"].split("\n")[1]
        (box / path.name.replace("request.json", "answer.txt")).write_text(f"read {line}", "utf-8")
    before = {path: path.stat().st_mtime_ns for path in box.iterdir()}

    outcome = rlmlite.execute(PROGRAM, LINES, sub=mailbox(box), trace=tmp_path / "two.rlm", run_key=KEY)

    assert verify(tmp_path / "one.rlm").level is Level.OPEN
    assert outcome.value == ["read a", "read b"]
    assert len(requests) == 2
    assert {path: path.stat().st_mtime_ns for path in box.iterdir()} == before


def test_a_mailbox_is_a_folder(tmp_path: Path) -> None:
    """It is created if it is missing; if that fails, the message says so."""
    assert client(f"mailbox:{tmp_path / 'new' / 'box'}").model.endswith("box")
    assert (tmp_path / "new" / "box").is_dir()

    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="the folder cannot be created"):
        client(f"mailbox:{tmp_path / 'file'}")
