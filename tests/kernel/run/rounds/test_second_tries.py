"""An answer that is not of the form is asked for again once, with what was wrong; both calls are on record and paid."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import Failed, Limits, Policy, Result, Role, Usage
from rlmlite_kernel.program.schemas import BASICS, Basic, Literal, Many, OneOf, Schema, Shape, fits, misfit, refusal_of
from rlmlite_kernel.records.evolution import CALLS_ARE_SHARED, FLAGS
from tests.kernel.machine import ROLE, Machine

ASK = 'x = sub_lm("How many?", schema={n: int})'
CUT = Failed("too_long", Usage(7, 10))


def say(*replies: Result | str) -> Iterator[Result | str]:
    return iter(replies)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("Three.", "it is not JSON"),
        ('{"n": "3"}', "at .n: it is text, not a whole number"),
        ("{}", "it lacks the field `n`"),
        ('{"n": 3, "why": "I say so"}', "it has a field that was not asked for"),
        ("", "it is not JSON"),
        (Failed("schema", Usage(7, 0)), "it was empty"),
        (CUT, "it was cut off, so it was too long; be brief"),
    ],
)
def test_the_second_prompt_says_what_was_wrong(first: Result | str, said: str) -> None:
    """In the words of the kernel: it quotes nothing of the answer."""
    run, replies = Machine(), say(first, '{"n": 3}')
    run.turn(ASK, lambda prompt: next(replies))
    one, other = run.prompts

    assert run.value("x") == {"n": 3}
    assert other == f"{one}\n\nYour last answer was refused: {said}. Answer again, with JSON only, of the form above."
    assert run.waves == [1, 1]
    assert "1 answers were not of the form and were asked for again; 1 then were" in run.done.observation
    step = run.steps()[0]
    assert [note.code for note in step.notes] == ["asked_again"]
    assert step.effects is not None
    assert (step.effects.n, step.effects.rounds) == (2, 2)
    assert run.state.used["sub_calls"] == 2


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("no", "no", "calls_failed"),
        ("no", Failed("timeout"), "calls_failed"),
        (Failed("timeout"), None, "calls_failed"),
        (Failed("too_long", Usage(0, 0, 0)), None, "calls_failed"),
    ],
)
def test_it_is_asked_once_more_and_no_more(first: Result | str, second: Result | str | None, code: str) -> None:
    """A call that nobody answered, or whose prompt was refused, is not asked again: there was no answer to mend."""
    replies = [first] if second is None else [first, second]
    run, following = Machine(), iter(replies)
    run.turn(ASK, lambda prompt: next(following))

    assert run.codes() == [code]
    assert len(run.prompts) == len(replies)


def test_in_a_fan_out_only_the_wrong_ones_are_asked_again() -> None:
    """Each in its place, with its own prompt; what is still wrong fails as it did."""
    run = Machine({"log": "one\ntwo\nthree\nfour\n"})
    first = {"one": "[1]", "two": "?", "thr": "1", "fou": "!"}

    def reply(prompt: str) -> Result | str:
        line = next(word for word in first if word in prompt)
        if "refused" not in prompt:
            return first[line]
        return "[2]" if line == "two" else "?"

    run.turn('x = extract_over_chunks(chunk(log, 1, by="lines"), "{chunk}", schema=[int])', reply)

    assert run.value("x") == [[1], [2], None, None]
    assert run.waves == [4, 3]
    assert "3 answers were not of the form and were asked for again; 1 then were" in run.done.observation
    assert "2 of 4 calls failed (2 schema)" in run.done.observation


def test_a_second_call_without_an_answer_takes_nothing_away() -> None:
    """What failed is still the form, not the second call."""
    run, replies = Machine(), say("no", Failed("timeout"))
    run.turn('x = extract_over_chunks(["a"], "{value}", schema=[int], min_ok=0)', lambda prompt: next(replies))

    assert "1 of 1 calls failed (1 schema)" in run.done.observation


def test_each_level_of_a_tree_asks_again() -> None:
    """The rounds that ask again stand between those of the action, and ids stay unique."""
    run, replies = Machine(), say('"a"', "b", '"b"', "c", '"c"')
    run.turn('x = reduce(["p", "q", "r"], "{items}", fan_in=2, schema=str)', lambda prompt: next(replies))
    calls = run.entries[-1].effects

    assert run.value("x") == "c"
    assert [call.round for call in calls] == [0, 0, 1, 2, 3]
    assert len({call.id for call in calls}) == 5


def test_batches_say_what_was_wrong_in_their_next_round() -> None:
    """Their rows are asked about again anyway; the prompt now says why."""
    run, replies = Machine(), say("spam, ham", '[{"row": 1, "answer": "spam"}]', '[{"row": 2, "answer": "ham"}]')
    run.turn('x = classify(["a", "b"], "which?", labels=["spam", "ham"])', lambda prompt: next(replies))

    assert [row["label"] for row in run.value("x")] == ["spam", "ham"]
    assert "refused" not in run.prompts[0]
    assert "An answer about these rows was refused: it is not JSON." in run.prompts[1]
    assert "1 rows had no answer, or more than one, under their number" in run.prompts[2]


@pytest.mark.parametrize("empty", [Failed("schema", Usage(3, 0)), CUT])
def test_a_batch_with_an_empty_or_cut_reply_is_asked_about_again(empty: Result) -> None:
    """Somebody is there to answer, so the next round is worth it."""
    run, replies = Machine(), say(empty, '[{"row": 1, "answer": "spam"}]')
    run.turn('x = classify(["a"], "which?", labels=["spam", "ham"])', lambda prompt: next(replies))

    assert run.value("x") == [{"value": "a", "label": "spam"}]


REPAIR = {"repair": Role(model="scripted:repair", max_output_tokens=20)}


def test_repair_mends_what_there_is() -> None:
    """It gets the answer as data, what is wrong with it and the form, and not the question."""
    run, replies = Machine(roles=REPAIR), say("n is 3", '{"n": 3}')
    run.turn(ASK, lambda prompt: next(replies))
    _, mending = run.prompts

    assert run.value("x") == {"n": 3}
    assert "How many?" not in mending
    assert "n is 3" in mending
    assert "What is wrong with it: it is not JSON" in mending
    assert mending.endswith('of this form: {"n": <whole number>}')
    assert [call.role for call in run.entries[-1].effects] == ["sub", "repair"]


def test_where_there_is_nothing_to_mend_the_role_itself_is_asked() -> None:
    """Both in one step: one round of `repair`, and one of the role."""
    run = Machine(roles=REPAIR)
    replies = say("?", Failed("schema"), "[1]", "[2]")
    run.turn('x = extract_over_chunks(["a", "b"], "{value}", schema=[int])', lambda prompt: next(replies))

    assert run.value("x") == [[1], [2]]
    assert [(call.role, call.round) for call in run.entries[-1].effects] == [
        ("sub", 0),
        ("sub", 0),
        ("repair", 1),
        ("sub", 2),
    ]


def test_content_that_may_not_go_to_repair_does_not() -> None:
    """The role that has read it is asked again instead."""
    policy = Policy(egress={"vault": (ROLE.model,)})
    run, replies = Machine({"vault": "secret"}, roles=REPAIR, policy=policy), say("?", '{"n": 3}')
    run.turn('x = sub_lm("{vault}", schema={n: int})', lambda prompt: next(replies))

    assert run.value("x") == {"n": 3}
    assert [call.role for call in run.entries[-1].effects] == ["sub", "sub"]


@pytest.mark.parametrize("limits", [Limits(sub_calls=1), Limits(output_tokens=10), Limits(prompt_bytes=100)])
def test_without_room_in_the_budget_there_is_no_second_call(limits: Limits) -> None:
    """The answer fails as it would have; nothing is charged for what was not asked."""
    run = Machine(limits=limits)
    run.turn(ASK, lambda prompt: "no")

    assert run.codes() == ["calls_failed"]
    assert run.waves == [1]


def test_an_older_run_does_not_ask_again() -> None:
    """Its flags say so, and its batches are asked about again in the same words."""
    run, replies = Machine(flags=[flag for flag in FLAGS if flag != CALLS_ARE_SHARED]), say("no", "no", "no", "no")
    run.turn(ASK, lambda prompt: next(replies))
    assert run.waves == [1]
    run.turn('x = classify(["a"], "which?", labels=["spam", "ham"])', lambda prompt: next(replies))

    assert len(set(run.prompts[1:])) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["spam", "obey me", "2024-01-01"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=5,
)
SCHEMAS: st.SearchStrategy[Schema] = st.recursive(
    st.sampled_from(sorted(BASICS)).map(Basic) | st.sampled_from(["spam", "ham", 1, None]).map(Literal),
    lambda inner: (
        inner.map(Many)
        | st.lists(inner, min_size=1, max_size=2).map(lambda each: OneOf(tuple(each)))
        | st.dictionaries(st.sampled_from("abc"), st.tuples(inner, st.booleans()), min_size=1, max_size=2).map(
            lambda kinds: Shape(tuple((name, *kind) for name, kind in kinds.items()))
        )
    ),
    max_leaves=4,
)


@given(VALUES, SCHEMAS)
def test_what_is_wrong_is_said_exactly_of_what_does_not_fit(value: object, schema: Schema) -> None:
    """And quotes neither the value nor a literal, which may be data."""
    wrong = misfit(value, schema)

    assert (wrong == "") == fits(value, schema)
    assert "spam" not in wrong
    assert "obey" not in wrong


def test_a_reply_that_is_refused_is_not_quoted() -> None:
    """A number of a thousand digits, a word: none of it comes back in the next prompt."""
    assert refusal_of("NaN", Basic("float")) == "it is not JSON within the limits"
    assert refusal_of('```json\n{"n": 1}\n```', Shape((("n", Basic("int"), False),))) == ""
    assert isinstance(refusal_of("9" * 2_000, Basic("int")), str)
