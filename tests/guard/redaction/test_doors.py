"""Canaries at every door: what is to be redacted reaches no program, no prompt, no tool, and no file of a trace."""

import gzip
import json
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Session
from rlmlite.errors import InputError, SettingError
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from rlmlite_kernel.records.settings import Policy, Role, ToolRule

MAIL, CARD, KEY = "ann.lee@example.org", "4111 1111 1111 1111", "ghp_" + "a1B2" * 9
CANARY = f"Ann <{MAIL}> paid with {CARD}, token {KEY}"
REDACT = ["keys", "mail", "cards"]
CANARIES = [MAIL, CARD, KEY]


def html(path: Path) -> Path:
    path.write_text(f"<html><body><p>{escape(CANARY)}</p></body></html>")
    return path


def packed(path: Path) -> Path:
    path.write_bytes(gzip.compress(CANARY.encode()))
    return path


def archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", CANARY)
    return path


def text(path: Path) -> Path:
    path.write_text(CANARY)
    return path


def latin(path: Path) -> Path:
    path.write_bytes(f"caf\u00e9 {CANARY}".encode("cp1252"))
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    text(path / "b.txt")
    return path


def csv(path: Path) -> Path:
    path.write_text(f'id,note\n1,"{CANARY}"\n2,{MAIL}\n')
    return path


def tsv(path: Path) -> Path:
    path.write_text(f"id\tnote\n1\t{CANARY}\n")
    return path


def jsonl(path: Path) -> Path:
    path.write_text(json.dumps({"id": 1, "note": CANARY, "deep": [{"to": MAIL}]}) + "\n")
    return path


FILES: dict[str, Callable[[Path], Path]] = {
    "a.txt": text,
    "page.html": html,
    "a.txt.gz": packed,
    "a.zip": archive,
    "latin.txt": latin,
    "folder": folder,
    "t.csv": csv,
    "t.tsv": tsv,
    "t.jsonl": jsonl,
}


VALUES: dict[str, Any] = {
    "a text": CANARY,
    "bytes": CANARY.encode(),
    "texts by path": {"a.md": CANARY, "b.md": "nothing"},
    "a record": {"note": CANARY, MAIL: 1},
    "rows": [{"note": CANARY}, {"note": None}],
    "deep": [[{"x": (1, {"y": CANARY})}]],
}


class Echo:
    """A model that says what it must not, whatever it is asked, and remembers what it was asked."""

    model = "echo:"

    def __init__(self, *answers: Result) -> None:
        self.prompts: list[str] = []
        self._answers = list(answers)

    def role(self) -> Role:
        return Role(model=self.model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        self.prompts.append(text)
        return self._answers.pop(0) if self._answers else Answered(CANARY)


def leaks(*places: Path | str) -> list[str]:
    """The canaries that are in texts or in any file below paths."""
    found = []
    for place in places:
        files = [each for each in place.rglob("*") if each.is_file()] if isinstance(place, Path) else []
        contents = [each.read_text(errors="replace") for each in files] or [str(place)]
        found += [canary for canary in CANARIES for content in contents if canary in content]
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_redacted_before_anything_sees_it(name: str, tmp_path: Path) -> None:
    """Neither the sub's prompt, the answer nor any file of the trace has a canary; and the trace replays."""
    place, sub = FILES[name](tmp_path / name), Echo(Answered("fine"))
    outcome = rlmlite.execute(
        'said = sub_lm("What is here? {context}")\nfinal({said: said, all: str(context)})',
        {"context": place},
        sub=sub,
        redact=REDACT,
        reading={"html": "text"},
        trace=tmp_path / "t.rlm",
    )
    assert outcome.status == "completed", outcome
    assert not leaks(tmp_path / "t.rlm", str(outcome.value), *sub.prompts)
    assert "[mail]" in sub.prompts[0]
    assert _replays(tmp_path / "t.rlm")


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_python_is_redacted(name: str, tmp_path: Path) -> None:
    """Every text within it, and names of fields too; the trace keeps the redacted value."""
    outcome = rlmlite.execute("final(str(context))", {"context": VALUES[name]}, redact=REDACT, trace=tmp_path / "t.rlm")
    assert not leaks(tmp_path / "t.rlm", str(outcome.value))
    assert "[mail]" in str(outcome.value)
    assert _replays(tmp_path / "t.rlm")


@rlmlite.tool(side_effects=False)
def look_up(name: str) -> str:
    """Look somebody up."""
    return f"{name}: {CANARY}"


def test_results_of_calls_are_redacted(tmp_path: Path) -> None:
    """What a sub, a tool, a failing provider and a controller say; and the question of the host."""
    controller = Echo(
        Answered(f'```rlm\nsaid = sub_lm("{CANARY}")\nfound = look_up(name="Ann")\nlost = sub_lm("b")\n```'),
        Answered("```rlm\nfinal({said: said, found: found})\n```"),
    )
    sub = Echo(Answered(CANARY), Failed("refused", detail=CANARY))
    outcome = rlmlite.run(
        f"Who is {MAIL}?",
        "nothing",
        controller=controller,
        sub=sub,
        tools=[look_up],
        policy=Policy(tools={"look_up": ToolRule()}),
        redact=REDACT,
        trace=tmp_path / "t.rlm",
        last_answer=False,
    )
    assert not leaks(tmp_path / "t.rlm", str(outcome.value), *controller.prompts, *sub.prompts)
    assert "[mail]" in str(outcome.value)


def test_a_session_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    """Whoever opens it again need not say it again, and cannot say otherwise."""
    path = tmp_path / "s.rlm"
    with Session(path, {"context": text(tmp_path / "a.txt")}, redact=REDACT, sub=Echo()) as session:
        session.exec("x = context")
    with Session(path, sub=Echo()) as session:
        assert "[mail]" in str(session.exec('final([x, sub_lm("a")])').value)
    with pytest.raises(SettingError, match="redacts keys, mail, cards, not mail"):
        Session(path, redact=["mail"])
    assert not leaks(path)


def no_names(words: str) -> str:
    """A rule of the house."""
    return words.replace("Ann", "[name]")


def test_a_function_of_the_host_redacts_too(tmp_path: Path) -> None:
    """It is named in the trace; a replay without it says so, and with it reproduces the run."""
    place = text(tmp_path / "a.txt")
    outcome = rlmlite.execute("final(context)", {"context": place}, redact=[no_names], trace=tmp_path / "t.rlm")
    assert outcome.value == CANARY.replace("Ann", "[name]")
    assert "own:no_names" in (tmp_path / "t.rlm" / "blobs.jsonl").read_text()
    assert not _replays(tmp_path / "t.rlm")


@pytest.mark.parametrize(
    ("redact", "words"),
    [("keyz", "did you mean `keys`"), (7, "a name or a function"), (lambda words: words, "needs a name")],
)
def test_what_is_no_redactor_is_refused(redact: Any, words: str, tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(SettingError, match=words):
        rlmlite.execute("final(1)", "x", redact=redact, trace=False)


def test_what_cannot_be_redacted_is_refused(tmp_path: Path) -> None:
    """A data frame's cells are not text: it is refused, and not read as it is."""
    pandas = pytest.importorskip("pandas")
    with pytest.raises(InputError, match="redact its columns first"):
        rlmlite.execute("final(1)", pandas.DataFrame({"a": [CANARY]}), redact="mail", trace=False)


def _replays(trace: Path) -> bool:
    from rlmlite.cli.commands.traces.replaying.replay import replay_trace
    from rlmlite.cli.output.exits import Exit

    flags: dict[str, Any] = {"read": [], "redact": None, "max_memory": None}
    return replay_trace(trace, None, "open", [], [], flags, None, [], as_json=True) == Exit.COMPLETED
