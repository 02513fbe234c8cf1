"""The same prompt to the same model is one call in a run, where its role allows it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import Answered, Done, Failed, Limits, Policy, Result, Role, Suspended, Usage, resume
from rlmlite_kernel.records.evolution import CALLS_ARE_SHARED, FLAGS
from rlmlite_kernel.records.records import EffectRecord
from rlmlite_kernel.records.usage import CallCounts
from rlmlite_kernel.run.steps.state import state_digest
from tests.kernel.machine import ROLE, Machine

CACHED = msgspec.structs.replace(ROLE, cache=True)


def machine(**more: object) -> Machine:
    return Machine({"log": "one\ntwo\n"}, role=CACHED, **more)  # type: ignore[arg-type]  # passed on as it is


def calls_of(run: Machine) -> list[EffectRecord]:
    return [call for entry in run.entries for call in entry.effects]


def test_a_later_turn_takes_the_answer_and_is_charged_nothing() -> None:
    """Its record names the call whose answer it took; usage and budgets count one call."""
    run = machine()
    run.turn('a = sub_lm("Who?")')
    before = dict(run.state.used)
    run.turn('b = sub_lm("Who?")')
    charged = {name: amount - before[name] for name, amount in run.state.used.items() if amount != before[name]}

    assert run.value("a") == run.value("b") == "4 characters"
    assert run.waves == [1]
    first, second = calls_of(run)
    assert (first.same_as, second.same_as) == ("", first.id)
    assert second.usage == (0, 0, 0)
    assert second.result == first.result
    assert charged.keys() == {"turns", "steps", "value_bytes"}
    counts = CallCounts()
    for call in calls_of(run):
        counts.add_call(call)
    assert (counts.counts["sub"], counts.counts["shared"]) == (1, 1)


def test_twins_of_one_suspension_are_one_request() -> None:
    """Within a fan-out, and over independent statements: the first in the order of the program is made."""
    run = machine()
    run.turn('a = extract_over_chunks(["x", "y", "x"], "{value}?")\nb = sub_lm("x?")\nc = sub_lm("z?")')

    assert run.waves == [3]
    assert run.prompts == ["x?", "y?", "z?"]
    first, _, twin, other, last = calls_of(run)
    assert [call.same_as for call in (first, twin, other, last)] == ["", first.id, first.id, ""]
    assert run.value("a") == ["2 characters"] * 3
    assert run.value("b") == "2 characters"
    assert run.state.used["sub_calls"] == 3


def test_a_role_that_does_not_allow_it_is_called_each_time() -> None:
    """So is a run from before there was such a thing, whatever its role says."""
    program = 'a = sub_lm("Who?")\nb = sub_lm("Who?")'
    plain, old = Machine(), machine(flags=[flag for flag in FLAGS if flag != CALLS_ARE_SHARED])
    for run in (plain, old):
        run.turn(program)
        assert run.waves == [2]
        assert [call.same_as for call in calls_of(run)] == ["", ""]


def test_roles_and_forms_are_told_apart() -> None:
    """The same words to another role, or for another form, are another call."""
    run = machine(roles={"judge": CACHED})
    run.turn('a = sub_lm("1")\nb = sub_lm("1", role="judge")\nc = extract_over_chunks(["1"], "{value}")')

    assert run.waves == [2]


def test_a_failed_call_is_shared_only_with_those_that_wait_for_it() -> None:
    """They were asked together. A later statement asks anew."""
    run, failures = machine(), [Failed("timeout")]

    def reply(prompt: str) -> Result | str:
        return failures.pop() if failures else "yes"

    run.turn('a = extract_over_chunks(["x", "x", "y"], "{value}?")\nb = sub_lm("x?")', reply)
    assert run.value("a") == [None, None, "yes"]
    assert run.codes() == ["", "calls_failed"]
    run.turn('b = sub_lm("x?")', reply)

    assert run.value("b") == "yes"
    assert run.waves == [2, 1]


def test_an_answer_of_another_form_is_not_remembered() -> None:
    """A program that tries again after it gets a call of its own; the good answer is remembered then."""
    run, replies = machine(), iter(["no", "no", '{"n": 1}'])
    for _ in range(3):
        run.turn('x = sub_lm("How many?", schema={n: int})', lambda prompt: next(replies))

    assert run.waves == [1, 1, 1]
    assert run.value("x") == {"n": 1}
    assert [bool(call.same_as) for call in calls_of(run)] == [False, False, False, True]


def test_a_batch_that_was_not_answered_whole_is_not_remembered() -> None:
    """`[]` is of the form, but answers no row."""
    run, replies = machine(), iter(["[]", "[]", "[]", '[{"row": 1, "answer": "a"}]'])
    program = 'x = classify(["one"], "which?", labels=["a", "b"])'
    run.turn(program, lambda prompt: next(replies))
    assert run.codes() == ["calls_failed"]
    run.turn(program, lambda prompt: next(replies))

    assert run.value("x") == [{"value": "one", "label": "a"}]


def test_coverage_counts_what_was_sent() -> None:
    """The model has read one of two equal texts; the other was not sent."""
    run = Machine({"a": "same words here", "b": "same words here"}, role=CACHED)
    run.turn('x = sub_lm("{t}", t=a)\ny = sub_lm("{t}", t=b)')
    report = run.state.coverage_report()

    assert run.waves == [1]
    assert (report["a"]["read"], report["b"]["read"]) == (15, 0)


def test_a_call_that_had_no_tokens_left_takes_what_another_made_and_is_given_back() -> None:
    """Its hard budgets were charged before it could go out."""
    tokens = 2 * (2 + 10) + 3
    run = machine(limits=Limits(tokens=tokens))
    reply = "y"
    run.turn(
        'a = extract_over_chunks(["p", "q", "r"], "{value}?")\nb = extract_over_chunks(["r"], "{value}?")',
        lambda prompt: Answered(reply, Usage(1, 1)),
    )

    made = [call for call in calls_of(run) if not call.same_as]
    assert run.state.used["sub_calls"] == len(made) == 3
    assert run.state.used["output_tokens"] == 30
    assert run.value("a") == ["y"] * 3
    assert run.value("b") == ["y"]


def test_the_state_commits_to_what_is_remembered() -> None:
    """Two runs that hold the same, but of which one knows an answer, do not behave alike."""
    run = machine()
    run.turn('x = sub_lm("Who?")')
    state = run.state
    facts = (state.variables, state.used, state.exposure, state.run.flags)

    assert state.digest == state_digest(*facts, state.memo.digest)
    assert state.digest != state_digest(*facts)


def test_what_is_withheld_from_the_controller_is_never_shared() -> None:
    """Whether the second call was charged would tell it that two texts are equal."""
    policy = Policy(egress={"vault": (CACHED.model,)})
    roles = {"controller": Role(model="elsewhere:c")}
    run = Machine({"vault": "secret", "guess": "secret"}, role=CACHED, roles=roles, policy=policy)
    run.turn('x = sub_lm("{t}", t=guess)\ny = sub_lm("{t}", t=vault)\nz = sub_lm("{t}", t=vault)')

    assert run.waves == [3]


def test_a_suspended_turn_can_be_resumed_again() -> None:
    """With other results: the first resumption has left nothing behind."""
    run = machine()
    now = run.advance('a = sub_lm("x")\nb = sub_lm("x")')
    assert isinstance(now, Suspended)
    answers: list[object] = []
    for text in ("1", "2", "1"):
        done = resume(now, [Answered(text)], run.blobs)
        assert isinstance(done, Done)
        answers.append(done.state.variables["b"].data.value)

    assert answers == ["1", "2", "1"]


PROGRAMS = st.lists(
    st.sampled_from(
        [
            'x{n} = sub_lm("p")',
            'x{n} = sub_lm("q", role="judge")',
            'x{n} = extract_over_chunks(["p", "q", "p"], "{{value}}")',
            'x{n} = extract_over_chunks(["q", "r"], "{{value}}", schema="yes" | "no")',
            'x{n} = reduce(["p", "q", "r"], "{{items}}", fan_in=2)',
            'x{n} = classify(["p", "p"], "q", labels=["yes", "no"], batch=1)',
        ]
    ),
    min_size=1,
    max_size=5,
)


@given(PROGRAMS, st.integers(0, 3), st.sampled_from([None, 60, 200]))
@pytest.mark.parametrize("cached", [True, False])
def test_sharing_changes_no_value_and_no_prompt_is_paid_twice(
    cached: bool, statements: list[str], fails: int, tokens: int | None
) -> None:
    """With a model that always says the same, programs compute the same with and without; budgets add up."""
    text = "\n".join(statement.format(n=n) for n, statement in enumerate(statements))
    replies = {"p": "yes", "q": "no", "r": "?"}

    def reply(prompt: str) -> Result | str:
        if len(prompt) % 4 == fails and len(prompt) < 10:
            return Failed("refused")
        return Answered(replies.get(prompt[:1], "[]"), Usage(len(prompt), 1))

    role = msgspec.structs.replace(ROLE, cache=cached)
    run = Machine(role=role, roles={"judge": role}, limits=Limits(tokens=tokens))
    run.turn(text, reply)
    run.turn(text, reply)
    made = [call for call in calls_of(run) if not call.same_as]

    assert run.state.used.get("sub_calls", 0) >= len(made)
    if tokens is None:
        assert run.state.used.get("sub_calls", 0) == len(made)
        good = [(call.role, call.rendered, call.prompt_bytes) for call in made]
        assert len(run.prompts) == len(good)
        other = Machine(role=ROLE, roles={"judge": ROLE})
        other.turn(text, reply)
        other.turn(text, reply)
        names = [name for name in other.state.variables if name.startswith("x")]
        assert {name: run.value(name) for name in names} == {name: other.value(name) for name in names}
