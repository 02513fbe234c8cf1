"""Strict mode: what a controller writes or chooses counts as made of every input that it has learned of."""

from pathlib import Path

import msgspec
import pytest

from rlmlite import Scripted, Session
from rlmlite.errors import SettingError
from rlmlite.tools.policy_file import read_policy_file
from rlmlite_kernel.records.settings import Policy, ToolRule
from rlmlite_traces import Verdict, replay, verify
from tests.guard.flow.stage import EGRESS, OPEN, POLICY, SEEING, Stage

STRICT = msgspec.structs.replace(POLICY, strict=True)

LEARN = {
    "shown": "show(patients)",
    "a part": "x = patients[10:20]",
    "a number": "n = count(patients)",
    "one bit": 'n = pick(count(patients) > 3, "a", "b")',
    "a model's answer": 'a = sub_lm("{patients}", role="controller")',
    "a tool's result": "a = echo(key=str(patients))",
    "a nested answer": 'a = sub_rlm("say", context=patients)',
    "a fault": "n = int(str(patients))",
    "a fault of two": "m = str(patients)\nn = int(m)",
    "a variable of before": "n = 1\nn = int(str(patients))",
    "a search without hits": 'h = search(patients, "nobody")',
    "a warning": 'h = search(patients, "a|b")',
    "a column": "c = json_parse(str({a: str(patients)}))",
    "an unused part": "x = weather\ny = {a: weather, b: patients}\nz = 1",
}
"""Programs after which the controller has learned something of `patients`, however little."""

OUT = (
    'look(key="hunter2")',
    'send(to="hunter2")',
    'tool_call("look", {key: "hunter2"})',
    "look(key=str(weather))",
    'x = "hunter2"\nlook(key=x)',
    'look(key=search(weather, "sunny")[0].match)',
    'look(key=pick(true, "a", "b"))',
    'sub_lm("hunter2")',
    'sub_lm("{weather}")',
    'extract_over_chunks(chunk(weather, size=3), "{chunk}")',
    'classify(["a"], "is it?", labels=["hunter2", "b"])',
    'extract_over_rows([{hunter2: 1}], "which?", schema={it: str})',
    'reduce(["a", "b"], "{items}", fan_in=2)',
    'reduce(["a", "b", "c", "d"], "{items}", fan_in=2)',
)
"""Statements whose words, or whose choice, tell a model or a tool what the controller has seen."""


@pytest.mark.parametrize("learn", LEARN.values(), ids=LEARN)
def test_what_is_retyped_goes_nowhere_else(learn: str) -> None:
    """After the controller has learned of an input, nothing reaches what may not have it; in normal mode it does."""
    nested = 'b = sub_rlm("retyped", context="retyped", share=0.3)\nc = sub_rlm("retyped", context=weather, share=0.3)'
    out = "\n".join(OUT)
    inner = ['final("said")'] * 2 if "say" in learn else []
    scripts = ([learn, out, nested, 'final("hunter2")'], [*inner, out, "final(context)"] * 2, [out] * 2)
    strict, normal = Stage(*scripts, policy=STRICT), Stage(*scripts)

    assert strict.leaked == []
    assert normal.leaked != []


@pytest.mark.parametrize("learn", LEARN.values(), ids=LEARN)
def test_later_statements_of_a_program_count_as_well(learn: str) -> None:
    """Whether a statement runs at all may depend on those before it: budgets, faults."""
    stage = Stage([f"{learn}\n" + "\n".join(OUT)], ['final("said")'], policy=STRICT)

    assert stage.leaked == []


def test_before_a_look_all_is_free() -> None:
    """A controller that has learned nothing of `patients` may call whom it likes; the host does not look for it."""
    stage = Stage(["\n".join(OUT), "show(patients)", "\n".join(OUT)], policy=STRICT)
    first = stage.shown["outer"][0]

    assert len(stage.looked) == 6
    assert stage.sent == ["hunter2"]
    assert "- patients: text, not looked at yet" in first
    assert "- weather: text of 11 bytes" in first
    assert "hunter2correct" not in first


def test_an_input_that_may_go_there_hinders_nothing() -> None:
    """Labels are by input: what was learned of `weather` goes where `weather` may."""
    policy = msgspec.structs.replace(STRICT, egress={**EGRESS, "weather": (*SEEING, "tool:look")})
    stage = Stage(["show(weather)", 'look(key="sunny")\nsub_lm("sunny")'], policy=policy)

    assert stage.looked == ["sunny"]
    assert stage.read == []


@pytest.mark.parametrize("first", ["show(patients)\nfinal(1)", "final(patients)", 'final("x", evidence="hunter")'])
def test_a_later_question_counts_what_was_learned_before(first: str, tmp_path: Path) -> None:
    """Exposure is of the run: the next question of a session may say what the last answer was."""
    second = 'sub_lm("hunter2")\nfinal(2)'
    read: list[str] = []

    def sub(prompt: str, _: object) -> str:
        read.append(prompt)
        return "said"

    with Session(
        tmp_path / "s.rlm",
        inputs={"patients": "hunter2"},
        controller=Scripted(lambda text, _: first if "# Question\nFirst?" in text else second, "scripted:outer"),
        sub=Scripted(sub, "scripted:sub"),
        policy=Policy(egress=EGRESS, strict=True),
    ) as session:
        session.ask("First?")
        session.ask("Second?")

    assert read == []


@pytest.mark.parametrize(
    ("accepts", "asked"), [(("lm",), 1), (("input",), 1), (("input", "lm"), 0), (("tool", "lm"), 1)]
)
def test_a_tool_is_told_what_the_controller_speaks_for(accepts: tuple[str, ...], asked: int) -> None:
    """A literal of a controller that was shown an input is of that input and of a model; in normal mode of a model."""
    rules = {**OPEN, "send": ToolRule(accepts={"*": accepts, "the call itself": accepts})}
    policy = Policy(tools=rules, strict=True)
    strict = Stage(["show(weather)", 'send(to="a")'], policy=policy)
    normal = Stage(["show(weather)", 'send(to="a")'], policy=msgspec.structs.replace(policy, strict=False))

    assert len(strict.asked) == asked
    assert len(normal.asked) == ("lm" not in accepts)


def test_strict_runs_replay(tmp_path: Path) -> None:
    """Exposure by input is in the state, so a replay computes the same refusals."""
    Stage(["show(patients)", "\n".join(OUT)], policy=STRICT, trace=tmp_path / "run.rlm")

    assert replay(verify(tmp_path / "run.rlm")).verdict is Verdict.REPRODUCED


def test_a_policy_file_says_strict(tmp_path: Path) -> None:
    """As a truth value; normal mode is the default."""
    file = tmp_path / "policy.toml"
    file.write_text("version = 1\nstrict = true\n")
    assert read_policy_file(file).policy.strict

    file.write_text("version = 1\n")
    assert not read_policy_file(file).policy.strict

    file.write_text('version = 1\nstrict = "yes"\n')
    with pytest.raises(SettingError, match="strict"):
        read_policy_file(file)
