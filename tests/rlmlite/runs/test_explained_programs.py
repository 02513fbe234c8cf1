"""The steps that an answer rests on are a program: joined, they run, and give the same answer."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite_kernel.records.reasons import REASONS
from tests.sizes import scale

LOG = "a=1 ERROR x\nb=2 INFO y\nstep_1=3 ERROR z\n_1=4 WARN q\n"

PROGRAMS = [
    "final(1)",
    'final(count(where(search(context, "ERROR"), .line > 1)) + 1)',
    "x = 1 + 2\nx = x * 2\nfinal({a: x, b: [x, count(context.lines)]})",
    'm = "ERR" + "OR"\nfinal(count(search(context, m)), evidence=search(context, m))',
    'step_1 = count(search(context, "x"))\nfinal(step_1 + count(search(context, "y")))',
    'p = parse_lines(context, "{k}={n} {lvl} {w}")\nfinal(sort(map(p, {k: .k, n: -int(.n)}), by=n))',
    'final(group(parse_lines(context, "{k}={n} {lvl} {w}"), lvl, {n: count(), last: max(.k)}))',
    'final(render(search(context, /E\\w+/i), "{line}: {match}"))',
    'y = pick(count(context.lines) > 2, upper(strip(" a ")), lower("B"))\nshow(y)\nfinal(y)',
    'a = 1\nb = a\na = 2\nforget(a)\nfinal([b, -b, not b, [b][0], "x"[0:1]])',
    'final(replace(mask(first(context.lines).text), [["a", "b"], [/<(.)>/, "$1"]]))',
    'f = search(context, "none") \nfinal(case(count(f) == 0, "none: {x}", "some"), evidence=context)',
    'r = rank(context, "ERROR info", limit=2)\nfinal(map(top(r, 1, by=.line), .text))',
    'c = chunk(context, size=2, by=lines)\nfinal(count(extract_over_chunks(c, "What in {chunk}?")))',
]


def again(steps: tuple[str, ...], folder: Path) -> rlmlite.Outcome:
    """The steps as a program of their own."""
    return rlmlite.execute("\n".join(steps), LOG, sub="extractive:", trace=folder / "again.rlm")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_steps_behind_an_answer_are_a_program(program: str, tmp_path: Path) -> None:
    """What the kernel wrote for itself has names that a program may write; and the explanation explains itself."""
    outcome = rlmlite.execute(program, LOG, sub="extractive:", trace=tmp_path / "t.rlm")
    steps = tuple(step.text for step in outcome.explain())
    second = again(steps, tmp_path)

    ending = ("partial", "rests_on_no_hits") if '"none"' in program else ("completed", "")
    assert (outcome.status, outcome.reason) == ending, outcome.problems
    assert (second.status, second.problems) == (outcome.status, ()), steps
    assert second.value == outcome.value
    assert tuple(step.text for step in second.explain()) == steps


def test_steps_of_several_turns_and_questions_are_one_program(tmp_path: Path) -> None:
    """Each turn numbers its parts from one; a question that programs read is a statement."""
    replies = [
        'hits = search(context, "ERROR")\nn = count(hits) + count(search(context, "x"))',
        "final({n: n, q: question})",
    ]
    with rlmlite.Session(tmp_path / "s.rlm", LOG, controller=rlmlite.Scripted(replies)) as session:
        session.exec("lines = count(context.lines) + count([1])")
        session.exec("lines = lines + count([1, 2])")
        outcome = session.ask('How "many"?')
    steps = tuple(step.text for step in outcome.explain())
    second = again(steps, tmp_path)

    assert second.value == outcome.value == {"n": 3, "q": 'How "many"?'}
    assert 'question = "How \\"many\\"?"' in steps


_NUMBERS = st.recursive(
    st.sampled_from(["1", "2.5", "n0", "n1", "count(context.lines)", 'count(search(context, "ERROR"))', "len(l0)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(st.sampled_from(["int", "float", "count", "div"]), inner).map(
            lambda call: f"div({call[1]}, 3)" if call[0] == "div" else f"{call[0]}(str({call[1]}))"
        ),
        st.tuples(inner, inner).map(lambda pair: f"pick({pair[0]} > 1, {pair[1]}, sum([{pair[0]}, {pair[1]}]))"),
        inner.map(lambda of: f"sum(map(range(3), .value + {of}))"),
        inner.map(lambda of: f"count(where(l0, .line < {of} and count(.text) > 1))"),
    ),
    max_leaves=6,
)


@settings(max_examples=scale(25))
@given(st.lists(st.tuples(st.sampled_from(["n0", "n1", "step_1", "step_2"]), _NUMBERS), max_size=4), _NUMBERS)
def test_any_explanation_runs(tmp_path_factory: pytest.TempPathFactory, body: list[tuple[str, str]], last: str) -> None:
    """Over generated programs of nested calls, row expressions and variables that are written again.

    Their answers end alike: completed, or partial where a step that they rest on warns of something.
    """
    folder = tmp_path_factory.mktemp("explained")
    begin = "n0 = 4\nn1 = n0 + count([0])\nl0 = context.lines"
    program = "\n".join([begin, *(f"{name} = {value}" for name, value in body), f"final([{last}, n1])"])
    outcome = rlmlite.execute(program, LOG, trace=folder / "t.rlm")
    steps = tuple(step.text for step in outcome.explain())
    second = again(steps, folder)

    # The answer rests on every step of the second program, so each of its warnings speaks against it.
    warns = any(warning.code not in REASONS for warning in second.warnings)
    ending = ("partial", "rests_on_warning") if warns else ("completed", "")
    assert (outcome.status, outcome.reason) == ending, (program, outcome.problems, outcome.observation)
    assert (second.status, second.reason, second.value) == (*ending, outcome.value)
