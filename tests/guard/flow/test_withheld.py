"""What is withheld cannot be told by how a program fares: by status, code, presence, time, budget or count."""

from collections.abc import Iterator

import pytest

from rlmlite import Limits, Scripted, run
from rlmlite_kernel.records.settings import Policy
from rlmlite_kernel.run.show import UNSEEN_FAILURE
from tests.guard.flow.bench import POLICY, told

FATES = {
    "a status": "x = json_parse(str(vault))",
    "a number or null": "x = int(str(vault))",
    "a code": 'x = tool_call(pick(str(vault) == "1", "look", str(vault)), {key: "a"})',
    "a code of a policy": 'x = tool_call(pick(str(vault) == "1", "look", "send"), {key: "a", to: "b"})',
    "a variable": "x = json_parse(str(vault))\ny = x + 1\nz = y",
    "a variable of before": 'x = "a"\nx = json_parse(str(vault))',
    "a kind": 'x = case(str(vault) == "1", [1], "text")',
    "a size": 'x = range(len(search("1 a", str(vault))) + 1)',
    "a count of rows": 'x = where([1, 2, 3], str(vault) == "1")',
    "a skipped step": "x = json_parse(str(vault))\ny = [x, 1]\nz = [y]\nshow(z)",
    "a temporary": "show([json_parse(str(vault))], 1)",
    "a search pattern": "x = search(weather, str(vault))",
    "a model's fate": 'x = sub_lm("{vault}", role="local", schema={n: int})',
    "a tool's fate": "x = look(key=int(str(vault)))",
    "a nested run": 'x = sub_rlm("What?", context=vault)',
    "a warning": 'x = pick(str(vault) == 1, "a", "b")',
    "a note": 'note(pick(str(vault) == "1", "a", "b"))',
    "an answer": 'final(pick(str(vault) == "1", "a", "b"))',
    "evidence": 'final("x", evidence="1")',
    "a fold": "x = count_by(vault.lines, .text)",
    "an index": "x = [1, 2, 3][int(str(vault))]",
    "a name": "x = {a: 1}\ny = to_object(vault.lines, text, line)",
    "the time": "a = now()\nx = json_parse(str(vault))\nb = now()\nshow(a, b)",
}


@pytest.mark.parametrize("program", FATES.values(), ids=FATES)
def test_how_a_step_fares_tells_one_bit_a_program(program: str) -> None:
    """The next prompt is the same for all vaults, but that something failed."""
    shown = {told(program, vault).text.replace(f"\n{UNSEEN_FAILURE}", "") for vault in ("1", "a", "12", "abc\n", "")}

    assert len(shown) == 1


def test_many_steps_tell_one_bit_together() -> None:
    """A bit for each of a hundred steps would be a hundred bits a turn."""
    program = "\n".join(f'x{n} = json_parse(["a", "1"][int(str(vault[{n}:{n + 1}]))])' for n in range(100))
    secrets = ["0" * 100, "1" * 100, "01" * 50, "10" * 50, "0011" * 25, "1" + "0" * 99]

    assert len({told(program, secret).text for secret in secrets}) <= 2


@pytest.mark.parametrize("program", FATES.values(), ids=FATES)
@pytest.mark.parametrize("act", ['send(to="a")', 'tool_call("send", {to: "a"})', 'x = ["a"]\nsend(to=x[0])'])
def test_whoever_has_read_it_is_asked(program: str, act: str) -> None:
    """After any such program a controller may know something, so that a tool with side effects needs an approval."""
    assert "approve" in told([program, act], "1").asked
    assert "approve" not in told(["y = 1", act], "1").asked


def test_a_variable_that_was_not_written_is_made_of_what_decided_that() -> None:
    """Its old value would tell a tool, later, that a step had failed. Where that is withheld, it has no value."""
    turns = ["x = 1\ny = 1", "x = json_parse(str(vault))", "look(key=x)\nsend(to=x)", "look(key=y)"]
    seen = Policy(egress={"vault": ("m:1",)})

    assert told(turns, "a").asked == ("tool",)
    assert told(turns, "a", policy=seen).asked == told(turns, "1", policy=seen).asked == ("tool",)
    assert told(turns, "a", policy=Policy()).asked == ("tool", "approve", "tool")


@pytest.mark.parametrize("program", [program for program in FATES.values() if "final" not in program])
def test_so_it_is_within_one_program(program: str) -> None:
    """Whether a call of the same program is made may depend on what is left; before the first look it may not."""
    assert "approve" in told(f'{program}\nsend(to="a")', "1").asked
    assert "approve" not in told(f'send(to="a")\n{program}', "1").asked


def test_turns_of_a_nested_run_are_not_counted() -> None:
    """A nested run that may see it takes as many turns as it says; the next prompts are the same."""
    prompts: dict[int, list[str]] = {}
    for turns in (1, 3, 5):
        outer = iter(['x = sub_rlm("count", context=vault)', "y = 1", "z = 2"])
        inner = iter([f"a{n} = {n}" for n in range(turns - 1)])
        shown = prompts[turns] = []

        def say(prompt: str, _: object, script: Iterator[str] = outer, shown: list[str] = shown) -> str:
            shown.append(prompt)
            return next(script, "final(1)")

        run(
            "What?",
            {"vault": "1"},
            controller=Scripted(say, "m:1"),
            nested=Scripted(lambda *_, script=inner: next(script, "final(1)"), "m:local"),
            policy=POLICY,
            limits=Limits(turns=100),
            trace=False,
        )

    assert prompts[1] == prompts[3] == prompts[5]
    assert "turns: at least 3/4 of 100" in prompts[5][1]


def test_a_value_that_failed_is_no_answer() -> None:
    """An answer of null, that reads as if all had gone well, would be worse than none."""
    at_once = told("x = json_parse(str(vault))\nfinal(x)", "a").state
    later = told(["x = json_parse(str(vault))", "y = [x]", "final(y)"], "a").state
    well = told(["x = json_parse(str(vault))", "y = [x]", "final(y)"], "1").state

    assert at_once.answer is None
    assert later.answer is None
    assert well.answer is not None
    assert well.answer.value == [1]
