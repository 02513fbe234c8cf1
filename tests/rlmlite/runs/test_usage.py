"""What was used, what is reserved and what is unknown are three things, and nested runs are counted."""

import itertools
from pathlib import Path

import pytest

import rlmlite
from rlmlite import Limits, Scripted, Session
from rlmlite.cli.output.usage import print_usage
from rlmlite_kernel import Answered, Failed, Request, Result, Usage
from rlmlite_traces import verify

FAN_OUT = (
    'parts = chunk(context, size=1, by="lines")\nsaid = extract_over_chunks(parts, "{chunk}?")\nfinal(count(said))'
)
REPLIES = {"known": Usage(7, 3, 5), "unknown": Usage(), "without a cost": Usage(7, 3), "half": Usage(7, None, None)}


def lines(count: int) -> str:
    return "".join(f"line {n}\n" for n in range(count))


def over(*usages: Usage, **settings: object) -> rlmlite.Outcome:
    """One call for each usage."""
    sub = Scripted([Answered("x", usage) for usage in usages], "m")
    return rlmlite.execute(FAN_OUT, lines(len(usages)), sub=sub, **{"trace": False, **settings})  # type: ignore[arg-type]


def test_output_tokens_are_those_that_were_answered() -> None:
    """200 answers of 3 tokens are 600; what their calls had reserved stands apart, within the limit."""
    budget = over(*[Usage(7, 3, 0)] * 200).budget

    assert budget["output_tokens"] == {"used": 600, "reserved": 200 * 1_024 - 600, "limit": 10_000_000}
    assert budget["tokens"] == {"used": 2_000, "reserved": 0, "limit": None}


def test_the_sums_that_are_known_are_given_with_how_many_calls_they_are_of() -> None:
    """One reply of three without usage does not hide the others."""
    outcome = over(Usage(7, 3), Usage(), Usage(7, 3))

    assert outcome.usage == {"calls": 3, "input_tokens": 14, "output_tokens": 6, "cost_nano": None}
    assert outcome.known == {"calls": 3, "input_tokens": 2, "output_tokens": 2, "cost_nano": 0}
    tokens = outcome.budget["tokens"]
    assert (tokens["used"], (tokens["reserved"] or 0) > 1_024) == (20, True)


@pytest.mark.parametrize("combination", list(itertools.combinations_with_replacement(REPLIES, 3)))
def test_every_mixture_of_replies_adds_up(combination: tuple[str, ...]) -> None:
    """What is known is summed, what is not known is nowhere 0, and what was charged is used or reserved."""
    usages = [REPLIES[name] for name in combination]
    outcome = over(*usages)

    for name in ("input_tokens", "output_tokens", "cost_nano"):
        known = [amount for usage in usages if (amount := getattr(usage, name)) is not None]
        assert outcome.known[name] == len(known)
        assert outcome.usage[name] == (sum(known) if known else None)
    cost = outcome.budget["cost_nano"]
    assert cost["used"] == outcome.usage["cost_nano"]
    whole = [usage for usage in usages if usage.input_tokens is not None and usage.output_tokens is not None]
    assert outcome.budget["tokens"]["used"] == 10 * len(whole)
    assert bool(outcome.budget["tokens"]["reserved"]) == (len(whole) < len(usages))


def test_nested_calls_are_counted_apart(tmp_path: Path) -> None:
    """Those of a child, and of its child, by kind; the same in a session that is opened again."""

    def reply(text: str, request: Request) -> Result:
        if request.role == "sub":
            return Answered("ok", Usage(10, 1, 1))
        if "# Question\nDeeper?" in text:
            return Answered('x = sub_lm("b")\nfinal(count([x]))', Usage(10, 1, 1))
        if "# Question\nDeep?" in text:
            return Answered('x = sub_rlm("Deeper?", context=context)\nfinal(count([x]))', Usage(10, 1))
        return Answered('a = sub_lm("a")\nx = sub_rlm("Deep?", context=context)\nfinal(count([x]))', Usage(10, 1, 1))

    path = tmp_path / "s.rlm"
    client = Scripted(reply)
    with Session(path, lines(3), controller=client, sub=client, limits=Limits(depth=2)) as session:
        outcome = session.ask("Outer?")

    kinds = {"controller": 3, "sub": 2, "nested": 2, "tool": 0, "approval": 0, "clock": 0}
    assert (outcome.calls, outcome.usage["calls"]) == (kinds, 7)
    assert outcome.usage == {"calls": 7, "input_tokens": 50, "output_tokens": 5, "cost_nano": 4}
    assert outcome.known == {"calls": 5, "input_tokens": 5, "output_tokens": 5, "cost_nano": 4}
    assert outcome.budget["output_tokens"]["used"] == 2
    verify(path)
    with Session(path, controller=client, sub=client) as again:
        assert (again.run.usage, again.run.counts.models) == (outcome.usage, 5)


def test_failed_calls_of_which_nothing_is_known_are_reserved() -> None:
    """Whoever timed out may have worked, and whoever was not reached has not."""
    lost: list[Result] = [Failed("timeout"), Failed("unavailable", Usage(0, 0, 0)), Answered("x", Usage(1, 1, 1))]
    outcome = rlmlite.execute(FAN_OUT, lines(3), sub=Scripted(lost, "m"), trace=False)

    assert outcome.known == {"calls": 3, "input_tokens": 2, "output_tokens": 2, "cost_nano": 2}
    assert outcome.usage["input_tokens"] == 1
    assert 1_024 < (outcome.budget["tokens"]["reserved"] or 0) < 1_100


def test_the_screen_tells_used_reserved_and_unknown_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its own word."""
    print_usage(over(Usage(7, 3), Usage(), Usage(7, 3)))

    shown = capsys.readouterr().out
    assert "    calls: 3 (3 sub)\n    input_tokens: 14 (2 of 3 known)\n" in shown
    assert "    cost_nano: unknown (0 of 3 known)\n" in shown
    assert "    output_tokens: 6 of 10,000,000, and 3,066 reserved\n" in shown
