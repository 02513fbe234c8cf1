"""The policy file: what it may contain, how mistakes in it are reported, and what it does."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest

from rlmlite import Limits, Scripted, SettingError, execute, run, tool
from rlmlite.tools.permissions import load_rules
from rlmlite.tools.policy_file import milliseconds, read_policy_file
from rlmlite_kernel.records.settings import Policy, ToolRule
from rlmlite_traces import verify


def write_policy(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def send(to: str, body: str) -> str:
    """Sends."""
    return "sent"


@tool(side_effects=False)
def look(key: str) -> str:
    """Looks."""
    return key


def test_a_whole_file_is_a_policy(tmp_path: Path) -> None:
    """Every key arrives as the kernel knows it, with the digest of the file's bytes."""
    text = """
version = 1
actions = ["search", "final"]
models = ["ollama:*"]
[egress]
vault = []
"*" = ["ollama:*", "tool:look"]
[tools.send]
rule = "ask"
otherwise = "deny"
calls = 3
timeout = "2m"
unknown = "retry"
accepts = { to = [], body = ["input", "lm"] }
[tools.look]
side_effects = true
"""
    rules = read_policy_file(write_policy(tmp_path, text))

    assert rules.digest == hashlib.sha256(text.encode()).hexdigest()
    assert rules.stricter == {"look"}
    assert rules.policy == Policy(
        actions=("search", "final"),
        models=("ollama:*",),
        tools={
            "send": ToolRule(
                rule="ask",
                otherwise="deny",
                calls=3,
                timeout_ms=120_000,
                unknown="retry",
                accepts={"to": (), "body": ("input", "lm")},
            ),
            "look": ToolRule(),
        },
        egress={"vault": (), "*": ("ollama:*", "tool:look")},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the key `version` is missing"),
        ("version = 2", "`version`: input should be 1"),
        ("version = 1\nmodel = []", "no key `model`; did you mean `models`?"),
        ("version = 1\n[tools.a]\nrules = 1", "no key `tools.a.rules`; did you mean `rule`?"),
        ("version = 1\n[tools.a]\nrule = 'maybe'", "`tools.a.rule`: input should be 'allow', 'ask' or 'deny'"),
        ("version = 1\n[tools.a]\naccepts = {b = ['inputs']}", "'input', 'tool' or 'lm'"),
        ("version = 1\n[tools.a]\ncalls = -1", "`tools.a.calls`: input should be greater than or equal to 0"),
        ("version = 1\n[tools.a]\ncalls = '3'", "`tools.a.calls`"),
        ("version = 1\n[tools.a]\ntimeout = 3", "such as 500ms, 30s, 2m or 1h"),
        ("version = 1\nactions = 'search'", "`actions`: a list of texts is expected"),
        ("version = 1\ntools = ['a']", "`tools`: a table is expected, such as `[tools]`"),
        ("version = 1\n[tools]\na = 'allow'", "`tools.a`: a table is expected, such as `[tools.a]`"),
        ("version = ", "is not valid TOML"),
    ],
)
def test_a_wrong_file_says_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    """One message names the key, before anything runs."""
    with pytest.raises(SettingError) as caught:
        read_policy_file(write_policy(tmp_path, text))

    assert said in str(caught.value)
    assert "policy.toml" in str(caught.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    """Each message names the file."""
    with pytest.raises(SettingError, match=r"policy file .* does not exist"):
        load_rules(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="is not valid TOML"):
        load_rules(str(tmp_path / "b.toml"))


@pytest.mark.parametrize(("text", "amount"), [("500ms", 500), ("30s", 30_000), ("2m", 120_000), ("1h", 3_600_000)])
def test_a_duration_is_readable(text: str, amount: int) -> None:
    """A duration is a whole number and a unit."""
    assert milliseconds(text) == amount


@pytest.mark.parametrize("text", ["", "3", "s", "0s", "-1s", "1.5s", "25h", "1d", "٣s", 3, None, "1sm"])
def test_an_invalid_duration_is_refused(text: object) -> None:
    """So is one that is longer than a day."""
    with pytest.raises(ValueError, match="a duration is"):
        milliseconds(text)


def test_a_policy_makes_a_tool_only_stricter(tmp_path: Path) -> None:
    """It may declare side effects that a tool denies, never the other way round."""
    stricter = write_policy(tmp_path, "version = 1\n[tools.look]\nside_effects = true")
    outcome = execute("look(key=str(context))", "a", trace=False, tools=[look], policy=stricter)

    assert "denied" in outcome.observation
    with pytest.raises(SettingError, match="only the tool itself can say so"):
        execute(
            "x = 1",
            "a",
            trace=False,
            tools=[send],
            policy=write_policy(tmp_path, "version = 1\n[tools.send]\nside_effects = false"),
        )


def test_the_trace_names_the_policy(tmp_path: Path) -> None:
    """By the digest of its file; the policy itself is in the settings."""
    policy = write_policy(tmp_path, "version = 1\nmodels = ['scripted:*']")
    run(
        "What?",
        "a",
        controller=Scripted(["final(1)"]),
        policy=policy,
        limits=Limits(turns=3),
        trace=tmp_path / "run.rlm",
    )

    label = verify(tmp_path / "run.rlm").genesis.scope["policy"]
    assert label == hashlib.sha256(policy.read_bytes()).hexdigest()


def test_a_model_that_is_not_permitted_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    """The message names the model."""
    with pytest.raises(ValueError, match="does not permit the model scripted:"):
        run("What?", "a", controller=Scripted([]), policy=Policy(models=("openai:*",)), trace=False)


def test_unknown_names_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Inputs, tools, arguments, actions and models; a pattern may be for other runs."""
    policy = Policy(
        actions=("serch", "look"),
        models=("ollama:*", "ollama:a"),
        tools={"sned": ToolRule(), "look": ToolRule(accepts={"kee": ()}), "*": ToolRule()},
        egress={"contxt": (), "*": ("tool:lok",)},
    )
    with caplog.at_level(logging.WARNING):
        execute("x = 1", "a", trace=False, tools=[look], policy=policy)
    said = "\n".join(record.getMessage() for record in caplog.records)

    for part in ("`contxt`", "`sned`", "`kee`", "`serch`", "tool:lok", "ollama:a,"):
        assert part in said
    assert "ollama:*" not in said


def test_the_card_is_that_of_the_run() -> None:
    """It lists the tools with their arguments, not those that are denied, and its digest is that of what was shown."""
    seen: list[str] = []

    def control(prompt: str, _: Any) -> str:
        seen.append(prompt)
        return "final(1)"

    run(
        "What?",
        "a",
        controller=Scripted(control),
        tools=[look, send],
        policy=Policy(tools={"look": ToolRule(), "send": ToolRule(rule="deny")}),
        trace=False,
    )

    assert "- look(key) -> what the tool gives: Looks." in seen[0]
    assert "send(" not in seen[0]
