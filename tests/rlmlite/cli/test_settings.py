"""Settings about money, from file, environment and flags: the later wins, and a wrong one is named."""

from decimal import Decimal
from typing import Any

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.settings.config import load
from rlmlite.clients.interface.prices import Price
from rlmlite.errors import SettingError
from rlmlite_kernel.records.settings import Limits
from tests.rlmlite.cli.paid_calls import command
from tests.rlmlite.user_settings import write_user_settings


def test_later_settings_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, then the environment, then flags; limits and prices entry by entry."""
    write_user_settings(
        'sub = "a:"\nworkers = 1\ntimeout = 10\nmax_cost = 1.5\n'
        '[limits]\nsub_calls = 5\nturns = 2\n[prices]\n"a:" = "1,2"\n'
    )
    monkeypatch.setenv("RLMLITE_WORKERS", "2")
    monkeypatch.setenv("RLMLITE_TIMEOUT", "20")
    monkeypatch.setenv("RLMLITE_LIMITS__TURNS", "3")
    monkeypatch.setenv("RLMLITE_API_KEY", "is no setting")

    settings = load({"timeout": 30.0, "sub": None, "limits": {"steps": "7"}, "prices": {"": "0,0"}})

    assert (settings.sub, settings.workers, settings.timeout, settings.max_cost) == ("a:", 2, 30.0, Decimal("1.5"))
    assert settings.limits == Limits(sub_calls=5, turns=3, steps=7, cost_nano=1_500_000_000)
    calling = settings.calling
    assert (calling.workers, calling.timeout) == (2, 30.0)
    assert calling.prices == {"a:": Price(1_000_000, 2_000_000), "": Price(0, 0)}


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
def test_wrong_settings_are_named(text: str, message: str) -> None:
    """With what there is instead."""
    write_user_settings(text)

    with pytest.raises(SettingError, match=message):
        load({})


def test_no_settings_are_the_defaults() -> None:
    """Without a file, a variable or a flag."""
    settings = load({})

    assert (settings.sub, settings.workers, settings.limits) == (None, 32, Limits())


def test_a_wrong_amount_is_a_message() -> None:
    """On the command line too."""
    done = command("-e", "final(1)", "--max-cost", "two")

    found: Any = done.returncode, "max_cost" in done.stderr, "Traceback" in done.stderr
    assert found == (Exit.USAGE, True, False)
