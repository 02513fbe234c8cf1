"""Held-back answers: what speaks against an answer, that nobody gets past it blind, and what is left at the end."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite import Limits, Outcome, Scripted, Session
from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite.errors import AcceptError
from rlmlite_kernel.records.reasons import REASONS
from rlmlite_traces import Verdict, replay, verify
from tests.traces.replays.held_answers import BLIND, LOG, ask_blind, held_codes

ERRORS = 'search(context, "ERROR")'
NONE = 'search(context, "FATAL")'


def ask(*replies: str, text: str = LOG, **given: Any) -> Outcome:
    return rlmlite.run("How many?", text, **{"controller": Scripted(replies), "trace": False, **given})


def codes(outcome: Outcome) -> list[list[str]]:
    return [[reason.code for reason in each.reasons] for each in outcome.held]


def test_every_reason_has_a_case() -> None:
    """The table and the kept traces have the same reasons."""
    assert BLIND.keys() == REASONS.keys()


@pytest.mark.parametrize("code", BLIND)
def test_an_answer_is_held_back(code: str, tmp_path: Path) -> None:
    """It is not taken in its turn, the reason is on record, and the trace replays with its prompts."""
    blind = ask_blind(BLIND[code], insists=False, trace=tmp_path / "t.rlm")
    trace = verify(tmp_path / "t.rlm")

    assert blind.status != "completed"
    assert code in codes(blind)[0]
    assert code in held_codes(trace) or code == "not_accepted"  # which the record of the next turn says
    replayed = replay(trace, controller_check=Recheck())
    assert (replayed.verdict, replayed.difference) == (Verdict.REPRODUCED, None)


@pytest.mark.parametrize("code", [code for code in BLIND if code not in ("not_accepted", "no_evidence")])
def test_the_same_answer_again_is_taken(code: str) -> None:
    """In the next turn. What was lost on the way makes it partial all the same."""
    outcome = ask_blind(BLIND[code])

    assert outcome.status == ("partial" if code == "rests_on_failed_calls" else "completed")
    assert len(outcome.held) == 1
    assert outcome.held[0].value == outcome.value


FROM_NOTHING = [
    f"final({NONE}[0].text)",
    f"h = {NONE}\nx = h[0]\nfinal(x)",
    f"h = {NONE}\nfinal([h[0].text])",
    f"h = {NONE}\nfinal({{a: h[0].text}})",
    f"h = {NONE}\nn = count(h)\nm = n * 2\nfinal({{n: m}})",
    f"h = {NONE}\nfinal(pick(count(h) > 0, 7, 0))",
    f'h = {NONE}\nfinal("found " + str(count(h)))',
    f"h = {NONE}\ng = where(context.lines, .text in h.text)\nfinal(count(g))",
    f"final(count({NONE}))",
    f"h = {NONE}\nfinal(count({ERRORS}), evidence=h)",
    f"a = {NONE}\nb = union(a, {ERRORS})\nfinal(count(b))",
    'r = rank(context, "zzz qqq")\nfinal(count(r))',
    f"h = {NONE}\nforget(h)\nx = count({NONE})\nfinal(x)",
]
UNSEEN = [
    f"h = {ERRORS}\nfinal(h[-1].text)",
    f"h = {ERRORS}\nx = h[-1].text\ny = x\nfinal(y)",
    f"final({ERRORS}[-1])",
    f"h = {ERRORS}\nfinal([h[-1].text])",
    f"h = {ERRORS}\nfinal({{said: {{line: h[-1].text}}}})",
    f'h = {ERRORS}\nfinal("it says " + h[-1].text)',
    f'h = {ERRORS}\nfinal(render(h[5:6], "{{text}}"))',
    f"h = {ERRORS}\nfinal(upper(h[-1].text))",
    f"h = {ERRORS}\nfinal(map([1], h[-1].text))",
    "c = count_by(context.lines, .text)\nfinal(c[-1].key)",
]
WRITTEN = [
    'final("disk: 999")',
    'x = "disk: 999"\nfinal(x)',
    'x = "disk: 999"\ny = {a: [x]}\nfinal(y)',
    "final(999)",
    "final({n: 999})",
    "final(900 + 99)",
    'final(int("999"))',
    'final("disk: " + str(999))',
    'final("disk: 999" + context[0:0])',
    "final(pick(count(context) > 0, 999, 1))",
    "final(999 + 0 * count(context.lines))",
    'final({rows: count(context.lines), claim: "disk 999"})',
    'final(json_parse("{\\"n\\": 999}").n)',
    "final(true)",
    "final([])",
    'final("")',
    "final(question)",
]
SAID = ['final(sub_lm("Say 999"))', 'x = sub_lm("Say 999")\nfinal(int(x))', 'final({n: sub_lm("Say 999")})']


@pytest.mark.parametrize("program", [*FROM_NOTHING, *UNSEEN, *WRITTEN, *SAID])
def test_nobody_gets_past_it_blind(program: str) -> None:
    """Through variables, lists, records, texts, branches, a model: in one reply nothing of it is taken."""
    outcome = ask(program, sub=Scripted(["999"]))

    assert outcome.status != "completed", outcome.value
    assert outcome.held, outcome.observation


@given(
    source=st.sampled_from([NONE, '"disk: 999"', f"{ERRORS}[-1].text"]),
    wraps=st.lists(st.sampled_from(["[{}]", "{{a: {}}}", "{}", "[[{}]]", "{{x: [{}]}}"]), min_size=1, max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_no_chain_of_variables_launders_an_answer(source: str, wraps: list[str]) -> None:
    """Whatever a value is wrapped in, name by name."""
    lines = [f"v0 = {source}" if source != NONE else f"v0 = {NONE}[0]"]
    lines += [f"v{n} = {wrap.format(f'v{n - 1}')}" for n, wrap in enumerate(wraps, 1)]
    outcome = ask("\n".join([*lines, f"final(v{len(wraps)})"]))

    assert outcome.status != "completed", lines


@pytest.mark.parametrize(
    "program",
    [
        f"final(count({ERRORS}))",
        f"h = {ERRORS}\nfinal(h, evidence=h)",
        f"h = {ERRORS}\nfinal(h.text)",
        f"h = {ERRORS}\nfinal({{n: count(h), lines: h.line}})",
        "final(null)",
        'final("0000 ERROR disk 0")',  # the preview of the input shows it
        "p = parse_lines(context, /disk (?<n>\\d+)/)\nfinal(sum(map(p, int(.n))))",
    ],
)
def test_what_nothing_speaks_against_is_taken_at_once(program: str) -> None:
    """Counts, folds, lists of rows, and what was shown."""
    outcome = ask(program)

    assert (outcome.status, outcome.held) == ("completed", ()), outcome.observation


def test_the_invented_result_of_a_reply_is_not_taken() -> None:
    """Two lamps were never counted: A2."""
    crates = "crate A holds 12 lamps\ncrate B holds 7 lamps\ncrate C holds 30 ropes\n"
    invented = '```\nshow(search(context, "lamps"))\n```\nThe output is 42 lamps.\n```\nfinal("42 lamps")\n```'
    outcome = ask(invented, "final(count(search(context, 'lamps')))", text=crates)

    assert (outcome.value, outcome.status) == (2, "completed")
    assert codes(outcome) == [["several_fences", "result_written", "literals_unshown"]]


def test_the_controller_is_shown_what_it_would_answer() -> None:
    """With every reason, so that it can judge; content of inputs is fenced."""
    prompts: list[str] = []

    def controller(text: str, _: object) -> str:
        prompts.append(text)
        return f"h = {ERRORS}\nfinal(h[-1].text)" if len(prompts) == 1 else "final(h[-1].text)"

    ask(controller=Scripted(controller))

    shown = prompts[1].partition("final: held back")[2]
    assert "0050 ERROR disk" in shown.partition("</data")[0]
    assert REASONS["quote_unshown"].message in shown


@pytest.mark.parametrize("turns", [3, 9])
def test_the_last_turn_takes_it_as_partial(turns: int) -> None:
    """With the reason, and as a warning."""
    looks = [f"x{n} = {n}" for n in range(turns - 2)]
    outcome = ask(*looks, f"final(count({NONE}))", limits=Limits(turns=turns))

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "rests_on_no_hits", 0)
    assert "rests_on_no_hits" in [warning.code for warning in outcome.warnings]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (f"final(count({NONE}))", "rests_on_no_hits"),
        (f"h = {NONE}\nfinal(h[0].text)", "null_answer"),
        ('final(1, evidence="no such line")', "evidence_not_found"),
        ("h = where(context.lines, false)\nfinal(1, evidence=h)", "evidence_empty"),
        ('final("disk: 999")', ""),
        (f"h = {ERRORS}\nfinal(h[-1].text)", ""),
        ("final(null)", ""),
    ],
)
def test_a_program_of_the_host_has_no_next_turn(program: str, reason: str) -> None:
    """Its answer is taken: as partial, with a warning, or as it is where the reason is about controllers."""
    outcome = rlmlite.execute(program, LOG, trace=False)

    assert (outcome.status, outcome.reason) == (("partial", reason) if reason else ("completed", ""))
    assert (reason in [warning.code for warning in outcome.warnings]) == bool(reason)
    assert outcome.held == ()


def test_a_session_remembers_what_a_variable_rests_on(tmp_path: Path) -> None:
    """Over its programs, also when it is opened again."""
    with Session(tmp_path / "s.rlm", LOG) as session:
        session.exec(f"h = {NONE}")
    with Session(tmp_path / "s.rlm") as session:
        assert session.exec("final(count(h))").reason == "rests_on_no_hits"
        assert session.exec("final(1)").status == "completed"


def test_a_draft_stands_where_no_answer_was_taken() -> None:
    """As the partial answer, whatever ended the run; an answer that is taken comes before it."""
    short = ask('draft(7, evidence="disk 0")', "x = 1", "y = 2", limits=Limits(turns=4))
    taken = ask("draft(7)", f"final(count({ERRORS}))")

    assert (short.status, short.value, short.evidence_total) == ("partial", 7, 1)
    assert (taken.status, taken.value) == ("completed", 6)
    assert rlmlite.execute("draft(7)", LOG, trace=False).reason == "draft"


@pytest.mark.parametrize(
    ("quote", "how"),
    [
        ("context:2: 0001 INFO disk", "verbatim"),
        ("2: 0001 INFO", "verbatim"),
        ("context:3: 0001 INFO disk", "not-found"),
        ("other:2: 0001 INFO disk", "not-found"),
        ("99: 0001 INFO", "not-found"),
        ("1: 0000 «ERROR» disk\n2: 0001 INFO", "verbatim"),
    ],
)
def test_a_quote_with_its_place_is_a_claim(quote: str, how: str) -> None:
    """It is found on that line, or not at all."""
    outcome = rlmlite.execute(f'final(1, evidence="""{quote}""")', LOG, trace=False)

    assert {each.how for each in outcome.evidence} == {how}
    assert (outcome.reason == "evidence_not_found") == (how == "not-found")


def test_an_answer_without_verbatim_evidence_is_partial() -> None:
    """Where evidence is required, however often it is given."""
    blind = ask(*["final(null)"] * 2, require_evidence=True)
    cited = ask(f"h = {ERRORS}\nfinal(count(h), evidence=h)", require_evidence=True)

    assert (blind.status, blind.reason) == ("partial", "no_evidence")
    assert cited.status == "completed"
    assert cited.gates == ("held_answers", "require_evidence")


def test_the_host_may_refuse_an_answer(tmp_path: Path) -> None:
    """The controller is told why, its variables stay, and a replay needs no host."""
    prompts: list[str] = []

    def controller(text: str, _: object) -> str:
        prompts.append(text)
        return f"h = {ERRORS}\nfinal(count(h))" if len(prompts) == 1 else "final(count(h) + 54)"

    outcome = ask(
        controller=Scripted(controller),
        accept=lambda answer: None if answer.value == 60 else ["count all bays"],
        trace=tmp_path / "t.rlm",
    )
    trace = verify(tmp_path / "t.rlm")

    assert (outcome.value, outcome.status, outcome.gates) == (60, "completed", ("held_answers", "accept"))
    assert "count all bays" in prompts[1]
    assert "not_accepted" in held_codes(trace)
    assert replay(trace, controller_check=Recheck()).verdict is Verdict.REPRODUCED


def test_a_host_that_raises_is_no_ones_business_but_its_own(tmp_path: Path) -> None:
    """A typed error; no model is told of it, and the trace is sound."""
    prompts: list[str] = []

    def controller(text: str, _: object) -> str:
        prompts.append(text)
        return f"final(count({ERRORS}))"

    with pytest.raises(AcceptError, match="ZeroDivisionError"):
        ask(controller=Scripted(controller), accept=lambda _: 1 // 0, trace=tmp_path / "t.rlm")
    assert len(prompts) == 1
    verify(tmp_path / "t.rlm")


@pytest.mark.parametrize("prompt", ['""', '" "', "context[0:0]", "str(context[0:0])"])
def test_an_empty_prompt_is_never_sent(prompt: str) -> None:
    """A8: whatever a model replied to it would be made up."""
    sub = Scripted(lambda *_: pytest.fail("it was sent"))
    outcome = rlmlite.execute(f"final(sub_lm({prompt}))", LOG, sub=sub, trace=False)

    assert (outcome.status, outcome.reason) == ("failed", "template")
