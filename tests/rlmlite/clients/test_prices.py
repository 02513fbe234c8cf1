"""Prices: where they come from, how they are written, and what is reserved by them."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.clients.interface.prices import Price, dollars, nano, published_price, read_price
from rlmlite.errors import SettingError
from tests.rlmlite.cli.paid_calls import ROOT


def test_the_highest_tier_is_reserved_and_the_true_one_is_paid() -> None:
    """A model that asks more for long prompts is reserved at more; cached tokens cost less."""
    found = published_price("gpt-5.4", provider="openai")
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
    """Prices are rounded up, so that nothing is recorded as cheaper than it is."""
    assert read_price(text) == expected


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "1e3,1", "m="])
def test_an_invalid_price_is_refused(text: str) -> None:
    """The message has an example."""
    with pytest.raises(SettingError, match=r"such as 0\.25,2"):
        read_price(text)


@given(st.integers(0, 10**15))
def test_dollars_are_written_exactly(amount: int) -> None:
    """An amount that is written is read back as it was."""
    assert nano(dollars(amount)[1:].replace(",", "")) == amount
