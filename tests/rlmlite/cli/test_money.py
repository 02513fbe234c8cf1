"""Prices, caps, asking before spending, and the settings that say so."""

import json
import os
import pty
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlmlite
from rlmlite.cli.output.confirm import Confirm
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.settings.config import load
from rlmlite.clients.interface.cost_permit import bound
from rlmlite.clients.interface.prices import Price, dollars, known, nano, told
from rlmlite.errors import SettingError
from rlmlite_kernel import SettingsError
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Limits, Role

ROOT = Path(__file__).parents[3]
PROGRAM = 'final(extract_over_chunks(context.lines, "Read {text}"))'
LINES = "a\nb\n"


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


def test_the_highest_tier_is_reserved_and_the_true_one_is_paid() -> None:
    """A model that asks more for long prompts is reserved at more; cached tokens cost less."""
    found = known("gpt-5.4", provider="openai")
    assert found is not None

    assert found.input > 2_500_000
    assert found.cost(1_000, 0, 0) == 2_500_000
    assert found.cost(1_000, 1_000, 0) < 2_500_000


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices are in the package: no socket is opened."""
    code = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from rlmlite.prices import known\n"
        "print(known('gpt-4o-mini', provider='openai').input)"
    )
    path = os.pathsep.join(str(ROOT / name) for name in (".", "grammar", "kernel", "traces"))
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("150000\n", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.25,2", ("", Price(250_000, 2_000_000))),
        ("openai:m=0,0", ("openai:m", Price(0, 0))),
        ("http://h/v1?#a=b=1, 2.5", ("http://h/v1?#a=b", Price(1_000_000, 2_500_000))),
        (".0000001,1", ("", Price(1, 1_000_000))),
    ],
)
def test_a_price_is_dollars_for_a_million(text: str, expected: tuple[str, Price]) -> None:
    """Rounded up, so that nothing is cheaper than it is."""
    assert told(text) == expected


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "1e3,1", "m="])
def test_what_is_no_price_is_said(text: str) -> None:
    """With an example."""
    with pytest.raises(SettingError, match=r"such as 0\.25,2"):
        told(text)


@given(st.integers(0, 10**15))
def test_dollars_are_written_exactly(amount: int) -> None:
    """What is written reads back as it was."""
    assert nano(dollars(amount)[1:].replace(",", "")) == amount


def test_an_unknown_price_under_a_cap_is_refused_with_what_to_do() -> None:
    """Nothing is asked."""

    class Unknown(Paid):
        def role(self) -> Role:
            return Role(model=self.model)

    model = Unknown()

    with pytest.raises(SettingsError, match=r"price of paid: .* is unknown.*give its prices or drop the limit"):
        rlmlite.execute(PROGRAM, LINES, sub=model, limits=Limits(cost_nano=1), trace=False)
    assert model.calls == 0


def test_a_cap_in_dollars_is_kept() -> None:
    """What does not fit is not called, and the run is partial."""
    model = Paid()
    outcome = rlmlite.execute(PROGRAM, LINES, sub=model, max_cost="0.000001100", trace=False)

    assert (outcome.status, model.calls) == ("partial", 1)
    assert outcome.budget["cost_nano"] == {"used": 1_000, "limit": 1_100}


def test_the_bound_of_a_fan_out_is_what_is_reserved() -> None:
    """Prompt bytes and the longest answers, at the prices of the role; unknown if one is."""
    asked = [Request(f"{n:032x}", "sub", "m", 1_000, ("?",), 300, "0" * 64) for n in range(3)]

    assert bound(asked, {"sub": Paid().role()}) == 3 * 1_100
    assert bound(asked, {"sub": Role(model="m")}) is None
    assert bound([], {}) == 0


def test_a_person_is_asked_when_more_is_at_stake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the bound nobody is asked, above it once for each new height."""
    questions: list[str] = []
    answers = iter([True, True, False])

    def ask(text: str, **_: object) -> bool:
        questions.append(text)
        return next(answers)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", ask)
    confirm = Confirm(nano("1.00"))

    assert [confirm(10, nano(cost)) for cost in ("0.40", "0.60", "0.50", "2.00", "1.00")] == [True] * 4 + [False]
    assert questions == [
        "10 calls that may cost up to $0.50 ($1.50 with those before). Go on?",
        "10 calls that may cost up to $2.00 ($3.50 with those before). Go on?",
        "10 calls that may cost up to $1.00 ($4.50 with those before). Go on?",
    ]
    assert confirm.declined


def test_an_unknown_price_passes_every_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who agrees to it is not asked again."""
    questions: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def agree(text: str, **_: object) -> bool:
        questions.append(text)
        return True

    monkeypatch.setattr("typer.confirm", agree)
    confirm = Confirm(nano("1.00"))

    assert [confirm(2, None), confirm(2, 1)] == [True, True]
    assert questions == ["2 calls at an unknown price. Go on?"]


def command(*arguments: str, stdin: int | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """`rlmlite exec` as a process."""
    path = os.pathsep.join(str(ROOT / name) for name in (".", "grammar", "kernel", "traces"))
    Path("lines.txt").write_text(LINES)
    return subprocess.run(
        [sys.executable, "-m", "rlmlite", "exec", "lines.txt", *arguments],
        env=os.environ | {"PYTHONPATH": path} | env,
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# A server that is not there: port 9 of this machine. The calls are never made, or fail at once.
NOBODY = "http://127.0.0.1:9/v1#m"


def test_without_a_terminal_nothing_is_spent_unasked() -> None:
    """The calls are not made, and it says how to agree."""
    arguments = ["-e", PROGRAM, "--sub", NOBODY, "--price", "1,10", "--confirm-above", "0.001", "--json"]
    done = command(*arguments)

    document = json.loads(done.stdout)
    assert done.returncode == Exit.FAILED
    assert "2 calls that may cost up to $0.0205" in done.stderr
    assert "agree with --yes" in done.stderr
    assert document["usage"] == {"calls": 2, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    assert "2 cancelled" in document["observation"]


@pytest.mark.parametrize(("typed", "said"), [(b"n\n", "2 cancelled"), (b"y\n", "2 unavailable")])
def test_on_a_terminal_a_person_decides(typed: bytes, said: str, tmp_path: Path) -> None:
    """No is no; yes makes the calls."""
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
    """On the command line."""
    done = command("-e", PROGRAM, "--sub", NOBODY, "--max-cost", "2.00")

    assert done.returncode == Exit.USAGE
    assert "--price IN,OUT" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "cost: unknown; give the price with --price IN,OUT"),
        (("--price", "0,0"), "cost: nothing, these models are free"),
        (("--price", "1,10"), "cost: prompts at least $0.000002, answers up to $0.02048, as calls are reserved"),
    ],
)
def test_a_dry_run_says_what_calls_may_cost(more: tuple[str, ...], said: str) -> None:
    """Before anything goes out."""
    program = 'parts = chunk(context, size=2)\nfinal(extract_over_chunks(parts, "Read {chunk}"))'

    assert said in command("-e", program, "--sub", NOBODY, "--dry-run", *more).stdout


def test_later_settings_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, then the environment, then flags; limits and prices entry by entry."""
    (tmp_path / "rlmlite.toml").write_text(
        'sub = "a:"\nworkers = 1\ntimeout = 10\nmax_cost = 1.5\n'
        '[limits]\nsub_calls = 5\nturns = 2\n[prices]\n"a:" = "1,2"\n'
    )
    monkeypatch.setenv("RLMLITE_WORKERS", "2")
    monkeypatch.setenv("RLMLITE_TIMEOUT", "20")
    monkeypatch.setenv("RLMLITE_LIMITS__TURNS", "3")
    monkeypatch.setenv("RLMLITE_API_KEY", "is no setting")

    config = load(timeout=30.0, sub=None, limits={"steps": "7"}, prices={"": "0,0"})

    assert (config.sub, config.workers, config.timeout, config.max_cost) == ("a:", 2, 30.0, Decimal("1.5"))
    expected = Limits(sub_calls=5, turns=3, steps=7, cost_nano=1_500_000_000)
    assert config.kernel_limits() == expected
    calling = config.calling()
    assert (calling.workers, calling.timeout) == (2, 30.0)
    assert calling.prices == {"a:": Price(1_000_000, 2_000_000), "": Price(0, 0)}


def used() -> None:
    """Settings as a run uses them."""
    config = load()
    config.kernel_limits()
    config.calling()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subs = 1", "there is no setting `subs`"),
        ("workers = 0", "setting workers: "),
        ("max_cost = -1", "setting max_cost: "),
        ("workers = ", "cannot be read"),
        ("limits = {sub_call = 1}", "no limit `sub_call`; did you mean `sub_calls`"),
        ("limits = {cost_nano = 1}\nmax_cost = 1", "say the same thing"),
        ("prices = {m = '1'}", "such as 0.25,2"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str) -> None:
    """With what there is instead."""
    (tmp_path / "rlmlite.toml").write_text(text)

    with pytest.raises(SettingError, match=message):
        used()


def test_no_settings_are_the_defaults() -> None:
    """Without a file, a variable or a flag."""
    config = load()

    assert (config.sub, config.workers, config.kernel_limits()) == (None, 32, Limits())


def test_a_wrong_amount_is_a_message() -> None:
    """On the command line too."""
    done = command("-e", "final(1)", "--max-cost", "two")

    found: Any = done.returncode, "max_cost" in done.stderr, "Traceback" in done.stderr
    assert found == (Exit.USAGE, True, False)
