"""JSON that is nested deep, in every place where somebody else's JSON is read: an error that says so, no traceback."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rlmlite import execute
from rlmlite.cli.commands.sessions.answers import read_answers
from rlmlite.cli.settings.environment import from_environment
from rlmlite.cli.settings.files import read_folder_file
from rlmlite.clients.mailbox import _parse_answer
from rlmlite.clients.openai.attempts import _add_event
from rlmlite.clients.openai.chat import Chat, ChatAssembler
from rlmlite.clients.openai.responses import ResponseAssembler, Responses
from rlmlite.clients.openai.wire import program_from_call, read_error_reply
from rlmlite.clients.scripted import parse_line
from rlmlite.errors import InputError, SettingError
from rlmlite.guard.json_text import parse_json
from rlmlite.inputs import READING, from_path, from_value, new_store
from rlmlite_kernel.values.values import Rows
from rlmlite_traces import DirectoryStore, StoreError, TraceError, verify
from rlmlite_traces.blobs.directory.layout import MARKER
from tests.kernel.machine import Machine

DEPTHS = (131, 330, 900, 1_100, 100_000)
"""Above the bound of values; where recursion in Python, in msgspec and in C ends; and far beyond."""

WAYS = {"lists": ("[", "]"), "records": ('{"a":', "}"), "both": ('[{"a":', "}]")}


def deep(depth: int, way: str = "lists") -> str:
    opening, closing = WAYS[way]
    return opening * depth + "0" + closing * depth


@pytest.fixture(params=[(depth, way) for depth in DEPTHS for way in WAYS], ids=lambda param: f"{param[0]}-{param[1]}")
def nested(request: pytest.FixtureRequest) -> str:
    return deep(*request.param)


def test_answers_scripts_and_mailboxes(tmp_path: Path, nested: str) -> None:
    """Files that people and other programs write for this one."""
    file = tmp_path / "answers.json"
    for document in (nested, f'{{"calls": [{nested}]}}', f'{{"calls": [{{"id": "x", "answer": {nested}}}]}}'):
        file.write_text(document)
        with pytest.raises(InputError, match="nested deeper than 128"):
            read_answers(str(file))
    for line in (nested, f'{{"json": {nested}}}', f'{{"text": "a", "more": {nested}}}'):
        with pytest.raises(ValueError, match="nested deeper than 128"):
            parse_line(line)
        with pytest.raises(ValueError, match="nested deeper than 128"):
            _parse_answer(line.encode())


def test_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nested: str) -> None:
    """Variables of the environment."""
    monkeypatch.setenv("RLMLITE_LIMITS", nested[:100_000])
    with pytest.raises(SettingError, match="RLMLITE_LIMITS is not valid JSON"):
        from_environment()


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("form", ["x = {}", "[limits]\nx = {}", "controller = {}"])
def test_files_of_settings(tmp_path: Path, depth: int, form: str) -> None:
    """TOML has lists and tables too."""
    file = tmp_path / "rlmlite.toml"
    file.write_text(form.format("[" * depth + "]" * depth))
    policy = tmp_path / "policy.toml"
    policy.write_text("actions = " + "[" * depth + "]" * depth)

    # Up to some depth it is TOML, and only what it sets is wrong.
    with suppress(SettingError):
        read_folder_file(file)
    with pytest.raises(SettingError):
        execute("final(1)", policy=policy)


def test_tables_of_json_lines(tmp_path: Path, nested: str) -> None:
    """As a whole line, and as a value in one: refused; beside a line that can be read it is left out, which is said."""
    file = tmp_path / "a.jsonl"
    for line in (nested, f'{{"a": {nested}}}'):
        file.write_text(line + "\n")
        with pytest.raises(InputError, match="nested deeper than 128"):
            from_path(f"jsonl:{file}", new_store(READING))
    file.write_text(f'{{"a": 1}}\n{{"a": [{nested}]}}\n')
    read = from_path(f"jsonl:{file}", new_store(READING))
    assert isinstance(read.value, Rows)
    assert len(read.value) == 1
    assert "left out (1; the first: line 2, not JSON: nested deeper than 128)" in read.source.recipes[0][0].why


@pytest.mark.parametrize("depth", DEPTHS)
def test_values_of_python(depth: int) -> None:
    """As the input of a run, as an argument of a tool's result."""
    value: Any = 0
    for _ in range(depth):
        value = [value]

    with pytest.raises(InputError):
        from_value(value, new_store(READING))


def test_texts_of_programs(nested: str) -> None:
    """`json_parse`, and what models, tools and people answer: the step fails, the run goes on."""
    machine = Machine({"text": nested})
    machine.turn('x = json_parse(text)\ny = sub_lm("q", schema=[int])\nz = 1', lambda prompt: nested)

    assert machine.codes() == ["json", "calls_failed", ""]


@pytest.mark.parametrize("depth", DEPTHS)
def test_results_of_tools(depth: int) -> None:
    """A tool that returns a deep value has failed."""

    def dig() -> list[object]:
        """Digs."""
        value: list[object] = []
        for _ in range(depth):
            value = [value]
        return value

    ended = execute("x = dig()\nfinal(1)", tools=[dig])

    assert ended.value == 1
    assert "x: failed" in ended.observation


def test_replies_of_servers(nested: str) -> None:
    """Whole, as events of a stream, as errors, as arguments of a call: another form, or an error of the transport."""
    for wire in (Chat(), Responses()):
        for content in (nested, f'{{"choices": {nested}}}', f'{{"x": {nested}, "output": []}}'):
            assert not wire.is_complete(content.encode())
    for assembler in (ChatAssembler(), ResponseAssembler()):
        for event in (nested, f'{{"type": "error", "error": {nested}}}', f'{{"choices": [{nested}]}}'):
            # An error of a server has any form; what is deeper than can be skipped is none of an event.
            with suppress(httpx2.RemoteProtocolError):
                _add_event(assembler, event.encode())
    # Either an error without words, or none.
    error = read_error_reply(f'{{"error": {nested}}}'.encode())
    assert error is None or error.document["error"]["message"] is None
    assert program_from_call("program", nested) == nested


def test_folders_of_stores_and_traces(tmp_path: Path, nested: str) -> None:
    """Files that a stranger may have put into one."""
    store = tmp_path / "store"
    DirectoryStore(store)
    (store / MARKER).write_text(nested)
    with pytest.raises(StoreError):
        DirectoryStore(store)

    execute("final(1)", trace=tmp_path / "t.rlm")
    for name in ("trace.jsonl", "blobs.jsonl"):
        file = tmp_path / "t.rlm" / name
        whole = file.read_bytes()
        file.write_text(nested + "\n")
        with pytest.raises(TraceError):
            verify(tmp_path / "t.rlm")
        file.write_bytes(whole)


def test_an_event_loop_reads_no_deeper(nested: str) -> None:
    """How deep the caller's stack is makes no difference."""

    async def read() -> str:
        with pytest.raises(ValueError, match="nested") as caught:
            parse_json(nested)
        return str(caught.value)

    def further(left: int, then: Callable[[], str]) -> str:
        return further(left - 1, then) if left else then()

    assert asyncio.run(read()) == further(700, lambda: asyncio.run(read())) == "JSON nested deeper than 128"


def test_what_is_not_deep_is_read() -> None:
    """The bound is that of values, everywhere."""
    text = deep(128)

    assert json.dumps(parse_json(text)) == text
    assert json.loads(json.dumps(parse_line(f'{{"json": {deep(127)}}}')[1]))
