"""Who is asked before a call: a function, a person, a folder, or nobody. Only an explicit yes approves."""

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from rlmlite import Approval, Outcome, SettingError, execute
from rlmlite.runs.events import ApprovalAsked, ApprovalGiven, Event, StepDone, ToolCalled
from rlmlite.tools.approvals import ask_at_terminal, describe, visible_json

PROGRAM = 'x = send(to="a", body=str(context))\nfinal(x)'


class Sender:
    """A tool that counts."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def made(self) -> Any:
        def send(to: str, body: str) -> str:
            """Sends."""
            self.sent.append((to, body))
            return "sent"

        return send


def outcome(sender: Sender, approve: Any, content: str = "words") -> Outcome:
    return execute(PROGRAM, content, trace=False, tools=[sender.made()], approve=approve)


def test_a_function_sees_the_call_and_decides() -> None:
    """A plain or an async function; a call that it approves is made once."""
    asked: list[Approval] = []

    def yes(approval: Approval) -> bool:
        asked.append(approval)
        return True

    async def no(approval: Approval) -> bool:
        await asyncio.sleep(0)
        return False

    sender = Sender()
    assert outcome(sender, yes).value == "sent"
    assert sender.sent == [("a", "words")]
    assert asked == [
        Approval(
            "send",
            {"to": "a", "body": "words"},
            {"to": ("controller",), "body": ("input", "derived")},
            ("body comes from input",),
        )
    ]
    assert "it was not approved; body comes from input" in outcome(sender, no).observation
    assert len(sender.sent) == 1


@pytest.mark.parametrize("approve", [None, "never"])
def test_nobody_means_no(approve: str | None) -> None:
    """The step is denied, with the reason."""
    sender = Sender()
    denied = outcome(sender, approve)

    assert sender.sent == []
    assert "(denied): `send` was not called" in denied.observation
    assert "body comes from input" in denied.observation


def test_a_truthy_answer_is_not_a_yes() -> None:
    """A function that returns anything but True or False is a bug, and the call is not made."""
    sender = Sender()

    with pytest.raises(TypeError, match="an approval must be True or False"):
        outcome(sender, lambda _: "no")
    assert sender.sent == []


@pytest.mark.parametrize("approve", ["maybe", "mailbox:", ""])
def test_an_unknown_approver_is_refused(approve: str) -> None:
    """The message lists the ones that exist."""
    with pytest.raises(SettingError, match="approve must be terminal, mailbox:DIR, never or a function"):
        outcome(Sender(), approve)


@pytest.mark.parametrize(
    ("file", "answer", "made"),
    [
        ("txt", "yes\n", True),
        ("txt", "no\n", False),
        ("txt", "approved", False),
        ("json", '{"json": {"approved": true}}', True),
        ("json", '{"json": {"approved": "true"}}', False),
        ("json", '{"error": "refused"}', False),
    ],
)
def test_a_folder_answers(tmp_path: Path, file: str, answer: str, made: bool) -> None:
    """The request says that it is an approval, and its file has no character that acts on a terminal."""
    sender = Sender()
    box = tmp_path / "box"

    def beside(_: object) -> None:
        for request in box.glob("*.request.json"):
            place = request.with_name(request.name.replace("request.json", f"answer.{file}"))
            if not place.exists():
                raw = request.read_text("utf-8")
                assert json.loads(raw)["kind"] == "approve"
                assert json.loads(json.loads(raw)["prompt"])["arguments"]["body"] == "a\u202eb"
                assert "\u202e" not in raw
                place.write_text(answer)

    import threading

    stop = threading.Event()

    def answering() -> None:
        while not stop.wait(0.02):
            beside(None)

    thread = threading.Thread(target=answering)
    thread.start()
    try:
        outcome(sender, f"mailbox:{box}", "a\u202eb")
    finally:
        stop.set()
        thread.join()

    assert len(sender.sent) == made


HOSTILE = Approval(
    "send",
    {"body": "\x1b[2Ja\u202eb\u200bc\U000e0041\u2028d\x9b é 漢"},
    {"body": ("input",)},
    ("body comes from input",),
)


def test_a_person_sees_every_character() -> None:
    """Nothing in an argument can hide, reverse or act; letters of all languages are shown as they are."""
    shown = describe(HOSTILE)

    assert "\\u001b[2Ja\\u202eb\\u200bc\\udb40\\udc41\\u2028d\\u009b é 漢" in shown
    assert json.loads(visible_json(HOSTILE.arguments)) == HOSTILE.arguments
    assert "from: input" in shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "made"), [("y\n", True), ("yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_a_person_is_asked_at_the_terminal(
    typed: str, made: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a yes approves: not an empty line, and not the end of the input."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))

    assert ask_at_terminal(HOSTILE, print) is made
    assert "wants to call the tool `send`" in capsys.readouterr().err


def test_without_a_terminal_a_call_is_refused_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run does not wait for a person who cannot be there."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    heard: list[str] = []

    assert not ask_at_terminal(HOSTILE, heard.append)
    assert "no terminal to ask at" in heard[0]


def test_events_tell_of_tools_and_approvals() -> None:
    """Who is asked, what they answered, that the tool is called, and how the step ended."""
    from rlmlite import Scripted, run

    happened: list[Event] = []
    answers = iter([True, False])
    run(
        "What?",
        "words",
        controller=Scripted(['x = send(to="a", body="b")', 'x = send(to="a", body="b")', "final(1)"]),
        tools=[Sender().made()],
        approve=lambda _: next(answers),
        on_event=happened.append,
        trace=False,
    )
    told_of = [event for event in happened if isinstance(event, ToolCalled | ApprovalAsked | ApprovalGiven)]
    codes = [event.code for event in happened if isinstance(event, StepDone) and event.op == "send"]

    assert told_of == [
        ApprovalAsked(2, "send"),
        ApprovalGiven(2, "send", True),
        ToolCalled(2, "send"),
        ApprovalAsked(3, "send"),
        ApprovalGiven(3, "send", False),
    ]
    assert codes == ["", "denied"]
