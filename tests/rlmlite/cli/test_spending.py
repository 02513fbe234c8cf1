"""Spending: caps hold, and nothing is spent unasked above a bound that somebody set."""

import json
import os
import pty
from pathlib import Path

import pytest

import rlmlite
from rlmlite.cli.output.exits import Exit
from rlmlite.clients.interface.confirm import CostConfirmation
from rlmlite.clients.interface.cost_permit import cost_bound
from rlmlite.clients.interface.prices import nano
from rlmlite.errors import SettingError
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Limits, Role
from tests.rlmlite.cli.paid_calls import LINES, command

PROGRAM = 'final(extract_over_chunks(context.lines, "Read {text}"))'


class Paid:
    """A model that costs 1,000 nano-dollars for 1,000 tokens of either kind."""

    model = "paid:"

    def __init__(self) -> None:
        self.calls = 0

    def role(self) -> Role:
        return Role(model=self.model, max_output_tokens=1_000, input_price=1_000, output_price=1_000)

    async def complete(self, text: str, request: Request) -> Result:
        self.calls += 1
        return Answered("read", Usage(500, 500, 1_000))


def test_an_unknown_price_under_a_cap_is_refused_with_what_to_do() -> None:
    """No call is made."""

    class Unknown(Paid):
        def role(self) -> Role:
            return Role(model=self.model)

    model = Unknown()

    with pytest.raises(SettingError, match=r"price of paid: is unknown.*prices=\{.*or drop the limit"):
        rlmlite.execute(PROGRAM, LINES, sub=model, limits=Limits(cost_nano=1), trace=False)
    assert model.calls == 0


def test_a_cap_in_dollars_is_kept() -> None:
    """Calls that do not fit are not made, and the run is partial."""
    model = Paid()
    outcome = rlmlite.execute(PROGRAM, LINES, sub=model, max_cost="0.000001100", trace=False)

    assert (outcome.status, model.calls) == ("partial", 1)
    assert outcome.budget["cost_nano"] == {"used": 1_000, "reserved": 0, "limit": 1_100}


def test_the_bound_of_a_fan_out_is_what_is_reserved() -> None:
    """It is the prompt bytes and the longest answers at the role's prices; unknown if a price is unknown."""
    asked = [Request(f"{n:032x}", "sub", "m", 1_000, ("?",), 300, "0" * 64) for n in range(3)]

    assert cost_bound(asked, {"sub": Paid().role()}) == 3 * 1_100
    assert cost_bound(asked, {"sub": Role(model="m")}) is None
    assert cost_bound([], {}) == 0


def test_a_person_is_asked_when_more_is_at_stake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the bound nobody is asked; above it, once for each new height."""
    questions: list[str] = []
    answers = iter([True, True, False])

    def ask(text: str, **_: object) -> bool:
        questions.append(text)
        return next(answers)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", ask)
    confirm = CostConfirmation(nano("1.00"))

    assert [confirm(10, nano(cost)) for cost in ("0.40", "0.60", "0.50", "2.00", "1.00")] == [True] * 4 + [False]
    assert questions == [
        "10 calls that may cost up to $0.50 ($1.50 with those before). Go on?",
        "10 calls that may cost up to $2.00 ($3.50 with those before). Go on?",
        "10 calls that may cost up to $1.00 ($4.50 with those before). Go on?",
    ]
    assert confirm.declined


def test_an_unknown_price_exceeds_every_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever agrees to an unknown price is not asked again."""
    questions: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def agree(text: str, **_: object) -> bool:
        questions.append(text)
        return True

    monkeypatch.setattr("typer.confirm", agree)
    confirm = CostConfirmation(nano("1.00"))

    assert [confirm(2, None), confirm(2, 1)] == [True, True]
    assert questions == ["2 calls at an unknown price. Go on?"]


# A server that is not there: port 9 of this machine. The calls are never made, or fail at once.
NOBODY = "http://127.0.0.1:9/v1#m"


def test_without_a_terminal_nothing_is_spent_unasked() -> None:
    """The calls are not made, and the message says how to agree in advance."""
    arguments = ["-e", PROGRAM, "--sub", NOBODY, "--price", "1,10", "--confirm-above", "0.001", "--json"]
    done = command(*arguments)

    document = json.loads(done.stdout)
    assert done.returncode == Exit.FAILED
    assert "2 calls that may cost up to $0.0205" in done.stderr
    assert "agree with --yes" in done.stderr
    assert document["usage"] == {"calls": 2, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    assert "2 cancelled" in document["observation"]


@pytest.mark.parametrize(("typed", "said"), [(b"n\n", "2 cancelled"), (b"y\n", "2 unreachable")])
def test_on_a_terminal_a_person_decides(typed: bytes, said: str, tmp_path: Path) -> None:
    """A no makes no call, and a yes makes them."""
    (tmp_path / "rlmlite.toml").write_text("retries = 0\n")
    leader, follower = pty.openpty()
    os.write(leader, typed)
    try:
        done = command(
            "-e", PROGRAM, "--sub", NOBODY, "--price", "1,10", "--confirm-above", "0.001", "--json", stdin=follower
        )
    finally:
        os.close(leader)
        os.close(follower)

    assert "Go on? [y/N]" in done.stderr
    assert said in json.loads(done.stdout)["observation"]


def test_a_cap_without_a_price_says_how_to_give_one() -> None:
    """The message of the command line names `--price`."""
    done = command("-e", PROGRAM, "--sub", NOBODY, "--max-cost", "2.00")

    assert done.returncode == Exit.USAGE
    assert "--price IN,OUT" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "cost: unknown; give the price with --price IN,OUT"),
        (("--price", "0,0"), "cost: nothing, these models are free"),
        (("--price", "1,10"), "cost: prompts at least $0.000002, answers up to $0.04096, as calls are reserved"),
    ],
)
def test_a_dry_run_says_what_calls_may_cost(more: tuple[str, ...], said: str) -> None:
    """It says so before any call is made."""
    program = 'parts = chunk(context, size=2)\nfinal(extract_over_chunks(parts, "Read {chunk}"))'

    assert said in command("-e", program, "--sub", NOBODY, "--dry-run", *more).stdout
