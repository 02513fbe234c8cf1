"""Roles of a host's own, and how each role is asked: one table, said in Python, files, variables and flags."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import ModelError, SettingError
from rlmlite.cli.settings.config import load, role_flags
from rlmlite.clients.interface.roles import RoleOptions, flat_roles
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import kernel_settings, prepare
from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.settings import Sampling
from rlmlite_traces import verify
from tests.rlmlite.user_settings import write_user_settings

TABLE = {"judge": {"model": "extractive:", "seed": 1, "stop": ["END"]}, "sub": {"temperature": 0.5, "cache": True}}
OPTIONS = {
    "judge": RoleOptions(model="extractive:", seed=1, stop=("END",)),
    "sub": RoleOptions(temperature=0.5, cache=True),
}
ASK = 'final(sub_lm("Is it so?", role="judge"))'


class Player:
    """A model that notes what it is asked."""

    def __init__(self, name: str = "player:") -> None:
        self.model, self.asked = name, list[Request]()

    async def complete(self, text: str, request: Request) -> Result:
        self.asked.append(request)
        return Answered(self.model)


def test_every_source_says_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nested in Python and files, entry by entry in variables and flags."""
    assert make_settings({"roles": TABLE}).roles == OPTIONS
    assert make_settings({"roles": flat_roles(TABLE)}).roles == OPTIONS
    write_user_settings('[roles]\njudge = {model = "extractive:", seed = 9}\nsub.temperature = 0.1\n')
    monkeypatch.setenv("RLMLITE_ROLES__JUDGE__SEED", "1")
    monkeypatch.setenv("RLMLITE_ROLES__SUB__CACHE", "true")
    flags = role_flags(["judge.stop=END", "sub.temperature=0.5"])
    assert load({"roles": flags}).roles == OPTIONS


def test_paths_in_a_file_are_relative_to_it() -> None:
    """A script that a settings file names for a role lies beside the file."""
    path = write_user_settings('[roles]\njudge = "scripted:replies.jsonl"\n')

    assert load({}).roles["judge"].model == f"scripted:{path.parent / 'replies.jsonl'}"


def test_a_role_is_asked_as_it_is_said_and_the_genesis_has_it(tmp_path: Path) -> None:
    """Its calls carry its settings; those of `sub` its own; a replay compares them."""
    judge, sub = Player("judge:"), Player("sub:")
    roles: dict[str, Any] = {"judge": {"model": judge, "temperature": 0.25, "max_output_tokens": 7}, "sub": {"seed": 3}}
    program = f'x = sub_lm("Read")\n{ASK}'
    outcome = rlmlite.execute(program, "text", sub=sub, roles=roles, trace=tmp_path / "t.rlm")

    assert outcome.value == "judge:"
    assert judge.asked[0].sampling == Sampling(temperature=0.25)
    assert (judge.asked[0].max_output_tokens, judge.asked[0].role) == (7, "judge")
    assert sub.asked[0].sampling == Sampling(seed=3)
    trace = verify(tmp_path / "t.rlm")
    recorded: dict[str, Any] = json.loads(trace.content(trace.genesis.settings))["roles"]
    assert recorded["judge"]["sampling"] == {"temperature": 0.25}
    assert recorded["sub"]["sampling"] == {"seed": 3}


def test_the_controllers_share_what_is_said_of_controller() -> None:
    """`controller` is for all of them, an entry of its own for one."""
    roles = {"controller": {"temperature": 0.7}, "controller_2": {"seed": 1}}
    settings = make_settings({"controller": [Player("a:"), Player("b:"), Player("c:")], "roles": roles})
    recorded = kernel_settings(prepare(settings)).roles

    assert recorded["controller"].sampling == recorded["controller_3"].sampling == Sampling(temperature=0.7)
    assert recorded["controller_2"].sampling == Sampling(seed=1)
    assert recorded["controller"].max_output_tokens == 8_192


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"judge": {"seed": 1}}, r"no model; give one with --role judge=MODEL, in Python with roles=\{\"judge\": MODEL\}"),
    ({"judge": {"model": "extractive:", "sed": 1}}, "no option `sed`; did you mean `seed`"),
    ({"judge.temperature": "hot", "judge": "extractive:"}, "roles.judge.temperature: expected a number from 0 to 2"),
    ({"Judge!": "extractive:"}, "cannot be a role"),
    ({"controller": "extractive:"}, "give it with --controller MODEL"),
    ({"rlm_2": {"model": "extractive:"}}, "give it with --nested MODEL"),
    ({"sub": {"seed": -1}}, "a whole number from 0"),
    ({"sub": {"reasoning_effort": "Very high"}}, "a word such as low"),
]


@pytest.mark.parametrize(("roles", "message"), WRONG)
def test_a_wrong_entry_is_refused_with_what_to_write(roles: dict[str, Any], message: str) -> None:
    """Before anything begins."""
    with pytest.raises(SettingError, match=message):
        rlmlite.execute("final(1)", "x", roles=roles)


def test_sub_is_given_once() -> None:
    """As a setting or as a role, not as both."""
    assert rlmlite.execute('final(sub_lm("x"))', "x", roles={"sub": Player("p:")}).value == "p:"
    with pytest.raises(SettingError, match=r"sub and roles.sub both name"):
        rlmlite.execute("final(1)", "x", sub="extractive:", roles={"sub": "extractive:"})


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("judge", '--role judge=MODEL, in Python with roles={"judge": MODEL}'),
        ("sub", "--sub MODEL, in Python with sub="),
        ("controller", "--controller MODEL, in Python with controller="),
    ],
)
def test_an_unknown_role_says_how_it_is_given(role: str, hint: str) -> None:
    """By flags and keywords that exist."""
    outcome = rlmlite.execute(f'final(sub_lm("x", role="{role}"))', "x")

    assert outcome.status == "refused"
    assert outcome.problems[0].hint == f"give one with {hint}"


def test_roles_reach_nested_runs() -> None:
    """A judge of this run judges there too."""
    judge = Player("judge:")
    programs = ['final(sub_rlm("Why?", context=context))', ASK]
    outcome = rlmlite.run("Why?", "text", controller=rlmlite.Scripted(programs), roles={"judge": judge})

    assert outcome.value == "judge:"
    assert len(judge.asked) == 1


@pytest.mark.parametrize("role", ["controller", "nested", "sub", "judge"])
def test_calls_by_hand_are_for_sessions(role: str, tmp_path: Path) -> None:
    """Elsewhere `hand:` is refused before anything begins; a session takes it for every role."""
    given: dict[str, Any] = {"roles": {"judge": "hand:"}} if role == "judge" else {role: "hand:"}
    settings = {"controller": rlmlite.Scripted([]), **given}
    with pytest.raises(ModelError, match="only sessions have calls by hand"):
        rlmlite.run("Why?", "text", **settings)
    with rlmlite.Session(tmp_path / "s.rlm", "text", **given) as session:
        assert session.exec("final(1)").value == 1


def test_a_trace_plays_no_controller(tmp_path: Path) -> None:
    """It is refused where it is typed; for a role of a program it gives that role's answers."""
    path = tmp_path / "t.rlm"
    rlmlite.execute(ASK, "text", roles={"judge": Player("judge:")}, trace=path)
    with pytest.raises(ModelError, match=r"cannot play `controller`.*rlmlite trace replay"):
        rlmlite.run("Why?", "text", controller=f"replay:{path}")
    with pytest.raises(ModelError, match="has no model for the role `sub`"):
        rlmlite.execute(ASK, "text", sub=f"replay:{path}")

    assert rlmlite.execute(ASK, "text", roles={"judge": f"replay:{path}"}).value == "judge:"


def test_a_session_keeps_how_its_roles_are_asked(tmp_path: Path) -> None:
    """A model is given again for its calls; how it is asked is in the genesis, and cannot be changed."""
    path, judge = tmp_path / "s.rlm", Player("judge:")
    with rlmlite.Session(path, "text", roles={"judge": {"model": judge, "seed": 5}}):
        pass
    with rlmlite.Session(path, roles={"judge": judge}) as session:
        assert session.exec(ASK).value == "judge:"
    assert judge.asked[0].sampling == Sampling(seed=5)
    with pytest.raises(SettingError, match="how `judge` is asked cannot be changed"):
        rlmlite.Session(path, roles={"judge": {"model": judge, "seed": 6}})
    with pytest.raises(SettingError, match="judge: plays the role `judge`, not other:"):
        rlmlite.Session(path, roles={"judge": Player("other:")})
