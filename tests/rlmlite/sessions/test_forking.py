"""Forks: another way from a step of a run on, with the results that still apply, and nothing paid for them."""

from pathlib import Path

import pytest

import rlmlite
from rlmlite import Scripted, Session, SettingError
from rlmlite.agent.sessions.forking import MissesError
from rlmlite.runs.past.lineage import contradicts_parent
from rlmlite_kernel.effects.requests import Answered, Request, Usage
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.records.settings import Policy, Role
from rlmlite_traces import Verdict, replay, verify


class Model:
    """A client that says who it is, at a price, and counts its calls."""

    def __init__(self, model: str) -> None:
        self.model, self.prompts = model, list[str]()

    def role(self) -> Role:
        return Role(model=self.model, input_price=1_000, output_price=1_000)

    async def complete(self, text: str, request: Request) -> Answered:
        self.prompts.append(text)
        return Answered(f"{self.model} says {len(self.prompts)}", Usage(10, 10, 100))


PROGRAM = """\
x = sub_lm("first?")
y = sub_lm("second?")
z = sub_lm("third? {y}")
final([x, y, z])
"""


@pytest.fixture
def small() -> Model:
    return Model("small:1")


@pytest.fixture
def parent(tmp_path: Path, small: Model) -> Path:
    """A program with three calls, steps 1 to 3, and its answer, step 4."""
    rlmlite.execute(PROGRAM, sub=small, trace=tmp_path / "p.rlm")
    small.prompts.clear()
    return tmp_path / "p.rlm"


def check(fork: Path, parent: Path) -> None:
    """A fork verifies and replays alone, and is what it says of its parent."""
    trace = verify(fork)
    assert replay(trace, recorded_paths=True).verdict is Verdict.REPRODUCED
    assert contradicts_parent(trace, verify(parent)) == ""
    scope = trace.genesis.scope
    assert (scope["fork_root"], scope["fork_run"]) == (verify(parent).root, verify(parent).genesis.run)


def test_another_model_plays_from_the_step_on(parent: Path, small: Model) -> None:
    """Results before it are used again; the others are asked of the new model."""
    large = Model("large:1")
    outcome = rlmlite.fork(parent, 2, parent.parent / "f.rlm", sub=large)

    assert outcome.value == ["small:1 says 1", "large:1 says 1", "large:1 says 2"]
    assert small.prompts == []
    assert outcome.usage["cost_nano"] == 200
    check(parent.parent / "f.rlm", parent)


def test_what_stays_the_same_costs_nothing(parent: Path, small: Model) -> None:
    """From any step on, to the end: the same answer, without a call."""
    for step in range(1, 6):
        fork = parent.parent / f"f{step}.rlm"
        outcome = rlmlite.fork(parent, step, fork, offline=True)

        assert (outcome.status, outcome.value) == ("completed", [f"small:1 says {n}" for n in (1, 2, 3)])
        assert outcome.usage["cost_nano"] == 0
        check(fork, parent)
    assert small.prompts == []


def test_a_program_takes_the_place_of_the_rest(parent: Path, small: Model) -> None:
    """It finds the variables as they were before the step; a call that was made already is not made again."""
    program = 'y = sub_lm("second?")\nw = sub_lm("new?")\nfinal([x, y, w])'
    outcome = rlmlite.fork(parent, 2, parent.parent / "f.rlm", program, sub=small)

    assert outcome.value == ["small:1 says 1", "small:1 says 2", "small:1 says 1"]
    assert [text.strip() for text in small.prompts] == ["new?"]
    check(parent.parent / "f.rlm", parent)


def test_without_leave_to_call_nothing_is_written(parent: Path) -> None:
    """What would have to be called is said, with its price."""
    fork = parent.parent / "f.rlm"
    with pytest.raises(MissesError, match=r"1 of sub \(large:1\)") as raised:
        rlmlite.fork(parent, 2, fork, sub=Model("large:1"), offline=True)

    assert raised.value.bound is not None
    assert raised.value.bound > 0
    assert not fork.exists()


def test_a_model_that_nobody_names_again_is_not_called(parent: Path) -> None:
    """A recorded model string is a name that somebody wrote into a trace."""
    with pytest.raises(rlmlite.ModelError, match="only if you name it"):
        rlmlite.fork(parent, 2, parent.parent / "f.rlm", 'final(sub_lm("new?"))')


def test_other_limits_and_another_policy_hold_from_the_step_on(parent: Path, small: Model) -> None:
    """Before it the parent's hold, so what was done there is done."""
    bounded = rlmlite.fork(parent, 3, parent.parent / "f.rlm", limits={"sub_calls": 2}, offline=True)
    denied = rlmlite.fork(parent, 3, parent.parent / "g.rlm", policy=Policy(actions=("final", "write_var")))

    assert (bounded.status, bounded.value) == ("partial", None)
    assert "sub_calls" in bounded.observation
    assert denied.value is None
    assert small.prompts == []
    for name in ("f.rlm", "g.rlm"):
        check(parent.parent / name, parent)


@pytest.mark.parametrize("at", [0, -1, 6])
def test_a_step_that_there_is_not_is_refused(parent: Path, at: int) -> None:
    """With how many there are."""
    with pytest.raises(SettingError, match="has 4 steps"):
        rlmlite.fork(parent, at, parent.parent / "f.rlm")


def controller(*replies: str) -> Scripted:
    return Scripted([f"```\n{reply}\n```" for reply in replies], model="scripted:one")


def asked(tmp_path: Path, small: Model) -> Path:
    """A question, three turns of its controller, and its answer."""
    (tmp_path / "a.log").write_text("one ERROR\ntwo\n")
    place = tmp_path / "q.rlm"
    outcome = rlmlite.run(
        "how many?",
        tmp_path / "a.log",
        controller=controller('h = search(context, "ERROR")\nshow(h)', 's = sub_lm("why? {h}")\nshow(s)', "final(s)"),
        sub=small,
        trace=place,
    )
    assert outcome.status == "completed"
    small.prompts.clear()
    return place


def step_of(place: Path, op: str) -> int:
    return next(each.step for each in verify(place).records if isinstance(each, Step) and each.op == op)


def test_a_controller_goes_on_from_a_turn(tmp_path: Path, small: Model) -> None:
    """The turns before are as they were; another controller takes over from there."""
    place = asked(tmp_path, small)
    prompts: list[str] = []

    def other(text: str, _request: Request) -> str:
        prompts.append(text)
        return "```\nfinal(count(h))\n```"

    outcome = rlmlite.fork(
        place, step_of(place, "sub_lm"), tmp_path / "f.rlm", controller=Scripted(other, model="scripted:other")
    )

    assert outcome.value == 1
    assert len(prompts) == 1
    assert "search(context" in prompts[0]
    assert small.prompts == []
    check(tmp_path / "f.rlm", place)


def test_a_question_is_answered_again_without_a_call(tmp_path: Path, small: Model) -> None:
    """Replies of later turns are those of the parent as long as their prompts are the same."""
    place = asked(tmp_path, small)
    outcome = rlmlite.fork(place, step_of(place, "final"), tmp_path / "f.rlm", offline=True)

    assert outcome.value == "small:1 says 1"
    assert outcome.usage["cost_nano"] == 0
    check(tmp_path / "f.rlm", place)


def test_another_sub_of_a_question(tmp_path: Path, small: Model) -> None:
    """The controller's reply to the same prompt is used again; the next prompt is another one, and is asked."""
    place = asked(tmp_path, small)
    large = Model("large:1")
    outcome = rlmlite.fork(
        place,
        step_of(place, "sub_lm"),
        tmp_path / "f.rlm",
        sub=large,
        controller=controller("final([s])"),
    )

    assert outcome.value == ["large:1 says 1"]
    check(tmp_path / "f.rlm", place)


def test_a_program_in_the_middle_of_a_question(tmp_path: Path, small: Model) -> None:
    """The host's own, in place of the controller's turn."""
    place = asked(tmp_path, small)
    outcome = rlmlite.fork(place, step_of(place, "sub_lm"), tmp_path / "f.rlm", "final(count(h) + 1)")

    assert outcome.value == 2
    check(tmp_path / "f.rlm", place)


def test_a_session_is_forked_and_goes_on(tmp_path: Path) -> None:
    """A session that is not sealed gives one that is not: it can be opened, and the parent stays as it is."""
    with Session(tmp_path / "s.rlm", sub=Model("small:1")) as session:
        session.exec('x = sub_lm("a?")')
        session.exec("y = [x, 2]")
    before = verify(tmp_path / "s.rlm").root
    outcome = rlmlite.fork(tmp_path / "s.rlm", 2, tmp_path / "f.rlm", "y = [x, 3]")
    with Session(tmp_path / "f.rlm") as fork:
        answer = fork.exec("final(y)")

    assert outcome.status == "completed"
    assert answer.value == ["small:1 says 1", 3]
    assert verify(tmp_path / "s.rlm").root == before
    check(tmp_path / "f.rlm", tmp_path / "s.rlm")


def test_another_run_is_not_the_parent(parent: Path, tmp_path: Path, small: Model) -> None:
    """What a fork says of its parent is compared, result by result."""
    rlmlite.fork(parent, 2, tmp_path / "f.rlm", offline=True)
    rlmlite.execute(PROGRAM, sub=Model("small:1"), trace=tmp_path / "other.rlm")

    assert "this is another one" in contradicts_parent(verify(tmp_path / "f.rlm"), verify(tmp_path / "other.rlm"))
