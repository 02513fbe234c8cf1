"""Settings of a folder that nobody trusts: what is harmless counts, all else is ignored and said."""

import operator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rlmlite.cli.output.logs import log
from rlmlite.cli.settings.config import load
from rlmlite.errors import SettingError
from rlmlite.guard.trust.folder_rules import LOWER, NEVER, TRUST
from rlmlite.runs.settings import SETTINGS, RunSettings
from rlmlite_traces import verify
from tests.guard.trust.folder import COUNT, command, files_below, hostile_folder
from tests.rlmlite.user_settings import write_user_settings

RISKY = {
    "tools": 'tools = ["evil.py:helper"]',
    "tools as a text": 'tools = "evil.py:helper"',
    "tools by module": 'tools = ["evil:helper"]',
    "tools elsewhere": 'tools = ["/etc/evil.py:helper"]',
    "controller": 'controller = "http://127.0.0.1:9/v1#m"',
    "controller twice": 'controller = ["scripted:script.jsonl", "http://127.0.0.1:9/v1#m"]',
    "sub": 'sub = "http://127.0.0.1:9/v1#m"',
    "sub of a script": 'sub = "scripted:script.jsonl"',
    "sub of a trace": 'sub = "replay:/home/me/t.rlm"',
    "sub by mail": 'sub = "mailbox:box"',
    "sub of ollama": 'sub = "ollama:m"',
    "nested": 'nested = ["http://127.0.0.1:9/v1#m"]',
    "roles": 'roles = {judge = "http://127.0.0.1:9/v1#m"}',
    "roles asked otherwise": "roles = {sub = {temperature = 2, cache = true}}",
    "spend": "spend = {day = 1000}",
    "policy": 'policy = "loose.toml"',
    "policy that is none": 'policy = "/dev/zero"',
    "approve": 'approve = "mailbox:box"',
    "approve never": 'approve = "never"',
    "trace": 'trace = "../stolen.rlm"',
    "trace off": "trace = false",
    "run_key": f'run_key = "{"ab" * 32}"',
    "scope": 'scope = {user = "root", policy = "0"}',
    "redact": 'redact = ["keys"]',
    "redact by a function": 'redact = ["evil.py:f"]',
    "copy_inputs": "copy_inputs = true",
    "store": 'store = "/tmp/elsewhere"',
    "copy_to": 'copy_to = "elsewhere"',
    "prices": 'prices = {"" = "0,0"}',
    "stream": "stream = true",
    "decode": 'decode = "tool"',
    "temperature": "temperature = 2.0",
    "keys": 'keys = {"evil.host" = "HOST_KEY"}',
    "limits.turns": "limits = {turns = 31}",
    "limits.turns underscored": 'limits = {turns = "1_000"}',
    "limits.sub_calls": "[limits]\nsub_calls = 1001",
    "limits.value_bytes": "limits.value_bytes = 256_000_001",
    "limits.depth": "limits = {depth = 2}",
    "patience": "patience = 5",
    "threads": "threads = 64",
    "max_memory": 'max_memory = "none"',
    "max_memory of a giant": 'max_memory = "100TiB"',
    "max_memory of a dwarf": "max_memory = 1",
    "workers": "workers = 33",
    "timeout": "timeout = 120.5",
    "timeout endless": "timeout = 86_400",
    "retries": "retries = 5",
    "max_output_tokens": "max_output_tokens = 1025",
    "reading.max_bytes": "reading = {max_bytes = 9_000_000_000}",
    "reading.max_bytes as read": "read = {max_bytes = 9_000_000_000}",
    "reading.max_bytes without end": "read = {max_bytes = 0x" + "F" * 60_000 + "}",
    "limits.steps without end": "limits = {steps = 0x" + "F" * 60_000 + "}",
    "reading.max_ratio": 'read = {max_ratio = "251"}',
    "reading.max_members": "read = {max_members = 200_001}",
    "reading.kept_bytes": "read = {kept_bytes = 16_777_217}",
    "reading.ignore": "read = {ignore = false}",
    "reading.encoding": 'read = {encoding = "utf-16"}',
    "reading.html": 'read = {html = "text"}',
}
"""Each by the name under which it is said to be ignored, and what tells it from others of that name."""


@pytest.mark.parametrize("case", RISKY)
def test_what_is_risky_is_ignored_and_said(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are those without the file, and a warning names what was ignored and what to do."""
    monkeypatch.setattr("rlmlite.cli.settings.config._processors", lambda: 2)
    warnings: list[str] = []
    monkeypatch.setattr(log, "warning", warnings.append)
    mark = hostile_folder(tmp_path)
    before = files_below(tmp_path)
    without = load({})
    hostile_folder(tmp_path, RISKY[case])
    found = load({})

    assert msgspec.structs.replace(found, scope={}) == without
    assert "not trusted" in found.scope["settings.folder"]
    name = case.partition(" ")[0]
    assert found.scope["settings.ignored"] == name
    assert warnings == [
        f"rlmlite.toml is not trusted, so these settings are ignored: {name}; `rlmlite trust` shows them"
    ]
    assert files_below(tmp_path) - before == {str(tmp_path / "rlmlite.toml")}
    assert not mark.exists()


@pytest.mark.parametrize("words", ["exec -e {count} app.log", "exec -e {count} app.log --dry-run", "ask How? app.log"])
def test_a_command_goes_on_without_them(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code is not executed, no file beside the trace is written, and the trace says what was left out."""
    risky = ("tools", "sub", "policy", "copy_to", "prices", "limits.turns", "scope")
    mark = hostile_folder(tmp_path, "\n".join(RISKY[case] for case in risky))
    arguments = [word.format(count=COUNT) for word in words.split()]
    controller = ["--controller", "scripted:script.jsonl"] if arguments[0] == "ask" else []
    done = command(*arguments, *controller, *([] if "--dry-run" in arguments else ["--trace", "t.rlm"]))

    assert "these settings are ignored" in done.stderr
    assert not mark.exists()
    assert not (tmp_path / "elsewhere").exists()
    if "--dry-run" not in arguments:
        genesis = verify(tmp_path / "t.rlm").genesis
        assert set(genesis.scope["settings.ignored"].split(", ")) == {*risky}
        assert genesis.scope.get("user") is None


def test_every_risky_setting_is_tried() -> None:
    """A setting that is new has a rule, and if it can do harm, an attack above."""
    tried = {case.partition(" ")[0].partition(".")[0] for case in RISKY}
    rules = {TRUST, LOWER, NEVER}
    risky = {name for name, setting in SETTINGS.items() if setting.folder in rules and not setting.python_only}

    # Amounts without a bound of the user's own: any is less than that.
    assert risky - {"max_cost", "confirm_above", "max_time"} == tried


HARMLESS: dict[str, tuple[str, Any]] = {
    "limits.turns": ("limits = {turns = 29, sub_calls = 0}", 29),
    "limits.sub_calls": ("limits = {turns = 29, sub_calls = 0}", 0),
    "limits.tokens": ("limits = {tokens = 9}", 9),
    "limits.cost_nano": ("max_cost = 0.5", 500_000_000),
    "confirm_above": ("confirm_above = 1", 1),
    "workers": ("workers = 1", 1),
    "timeout": ("timeout = 1", 1),
    "retries": ("retries = 0", 0),
    "threads": ("threads = 1", 1),
    "patience": ("patience = 1", 1),
    "max_output_tokens": ("max_output_tokens = 10", 10),
    "last_answer": ("last_answer = false", False),
    "reading.max_bytes": ("read = {max_bytes = 10}", 10),
    "reading.cache": ("read = {cache = false}", False),
    "reading.html": ("workers = 32\nread = {html = 'markup'}", "markup"),
}
"""What a setting then is."""


@pytest.mark.parametrize("case", HARMLESS)
def test_what_asks_for_less_counts(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word, and without a warning."""
    text, expected = HARMLESS[case]
    hostile_folder(tmp_path, text)

    assert operator.attrgetter(case)(load({})) == expected
    assert "not trusted" not in command("exec", "-e", "final(1)", code=None).stderr


@pytest.mark.parametrize(
    ("own", "theirs", "counts"),
    [
        ("workers = 8", "workers = 9", False),
        ("workers = 8", "workers = 7", True),
        ("workers = 64", "workers = 60", True),
        ("[limits]\nturns = 5", "limits.turns = 6", False),
        ("[limits]\nturns = 50", "limits.turns = 40", True),
        ("max_cost = 1", "max_cost = 2", False),
        ("max_cost = 1", "limits.cost_nano = 2_000_000_000", False),
        ("[limits]\ncost_nano = 1_000_000_000", "max_cost = 2", False),
        ("max_cost = 1", "limits.cost_nano = 'none'", False),
        ("max_cost = 1", "max_cost = 0.5", True),
        ("max_cost = 1", "limits.cost_nano = 5", True),
        ("[limits]\ncost_nano = 1_000_000_000", "max_cost = 0.5", True),
        ("confirm_above = 1", "confirm_above = 1000", False),
        ("confirm_above = 1", "confirm_above = 0", True),
        ("[read]\nignore = false", "read = {ignore = true}", True),
        ("[read]\ncache = false", "read = {cache = true}", False),
    ],
)
def test_less_is_less_than_the_users_own(
    own: str, theirs: str, counts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not than the defaults; a cap on the cost is one under either of its names."""
    write_user_settings(own)
    alone = load({}, flags_only=("scope",))
    hostile_folder(tmp_path, theirs)
    found = load({}, flags_only=("scope",))

    assert (_without_labels(found) != _without_labels(alone)) is counts


def _without_labels(settings: RunSettings) -> str:
    return repr(settings.limits) + repr((settings.workers, settings.confirm_above, settings.reading))


def test_the_later_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's file, the folder's, the environment, flags."""
    write_user_settings("workers = 9\ntimeout = 9\nretries = 9\npatience = 3")
    hostile_folder(tmp_path, "workers = 8\ntimeout = 8\nretries = 8")
    monkeypatch.setenv("RLMLITE_TIMEOUT", "7")
    monkeypatch.setenv("RLMLITE_RETRIES", "7")
    found = load({"retries": 6})

    assert (found.patience, found.workers, found.timeout, found.retries) == (3, 8, 7, 6)


@pytest.mark.parametrize(
    "text",
    [
        "limts = {turns = 1}",
        "inputs = ['/home/me/.ssh']",
        "workers = 'many'",
        "limits = 5",
        "limits = {turns = -1}",
        "a." * 30_000 + "a = 1",
        "x = " + "[" * 60_000,
        "workers = " + "9" * 60_000,
        "\x00",
        "workers = 1\n" * 20_000,
        "workers = 0x" + "F" * 60_000,
        "timeout = 0x" + "F" * 60_000,
        "max_cost = 0x" + "F" * 60_000,
        "confirm_above = 0x" + "F" * 60_000,
        "limits = {turns = '" + "9" * 60_000 + "'}",
        "limits = {" + "t" * 60_000 + " = 1}",
        "read = {" + "t" * 60_000 + " = 1}",
        "read = {cache = '" + "9" * 60_000 + "'}",
        "t" * 60_000 + " = 1",
        '"\\u001b[2J\\u202e" = 1',
        "timeout = nan",
        "max_cost = inf",
        "workers = 2026-01-01",
        "threads = [1]",
        "[workers]\nx = 1",
        "patience = true",
    ],
)
def test_what_is_no_setting_is_refused_at_once(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a message: a misspelt limit must not become a run without it."""
    hostile_folder(tmp_path, text)

    with pytest.raises(SettingError):
        load({})
    assert len(command("exec", "-e", COUNT, "app.log", code=2).stderr) < 1_000


def test_flags_and_the_environment_are_the_callers_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They name the same files, and count."""
    mark = hostile_folder(tmp_path)
    monkeypatch.setenv("RLMLITE_TOOLS", '["evil.py:helper"]')
    command("exec", "-e", COUNT, "app.log")

    assert mark.exists()


def test_a_dotenv_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor anything else that a folder might hold settings in."""
    mark = hostile_folder(tmp_path)
    for name in (".env", ".rlmlite.toml", ".rlmlite/rlmlite.toml", "config/rlmlite.toml", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('RLMLITE_TOOLS=["evil.py:helper"]\ntools = ["evil.py:helper"]\n')
    command("exec", "-e", COUNT, "app.log")

    assert not mark.exists()
