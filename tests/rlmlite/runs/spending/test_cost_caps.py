"""`max_cost` in every entry point: what may cost more is not called, and an overrun ends the run."""

import pytest

import rlmlite
from rlmlite import SettingError
from rlmlite_kernel import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Role
from tests.rlmlite.runs.entry_points import ENTRY_POINTS, PROGRAM, TEXT, _in_session


class Dear:
    """A model that charges 5 dollars a call, whatever its price is said to be."""

    model = "dear:"

    def __init__(self, price: int | None) -> None:
        self._price, self.calls = price, 0

    def role(self) -> Role:
        return Role(model=self.model, input_price=self._price, output_price=self._price)

    async def complete(self, text: str, request: Request) -> Result:
        self.calls += 1
        return Answered(PROGRAM, Usage(1, 1, 5_000_000_000))


@pytest.mark.parametrize("entry", ENTRY_POINTS)
def test_a_model_of_unknown_price_is_refused_under_a_cap(entry: str) -> None:
    """Before any call, with what to do."""
    model = Dear(None)
    with pytest.raises(SettingError, match=r"price of dear: is unknown.*prices="):
        ENTRY_POINTS[entry](controller=model, max_cost="0.01")
    assert model.calls == 0


@pytest.mark.parametrize("entry", ["run", "arun", "stream"])
def test_what_does_not_fit_the_cap_is_not_called(entry: str) -> None:
    """A call that may cost more than the whole cap."""
    model = Dear(1_000_000_000)
    outcome = ENTRY_POINTS[entry](controller=model, max_cost="0.01", trace=False)

    assert (outcome.status, outcome.reason, model.calls) == ("partial", "budget", 0)


@pytest.mark.parametrize("entry", ["run", "arun", "stream"])
def test_a_model_that_charges_more_than_its_price_does_not_complete(entry: str) -> None:
    """Its first call could not be foreseen; there is no second, and the run is not what was agreed to."""
    model = Dear(1)
    outcome = ENTRY_POINTS[entry](controller=model, max_cost="0.01", trace=False)

    assert (outcome.status, outcome.reason, model.calls) == ("partial", "budget", 1)
    assert outcome.budget["cost_nano"] == {"used": 5_000_000_000, "reserved": 0, "limit": 10_000_000}


def test_a_sub_that_charges_more_than_its_price_does_not_complete() -> None:
    """In a program without a controller as well, and in a session."""
    program = 'final(sub_lm("?"))'
    alone = rlmlite.execute(program, sub=Dear(1), max_cost="0.01", trace=False)
    inside = _in_session(program, TEXT, sub=Dear(1), max_cost="0.01")

    assert [(outcome.status, outcome.reason) for outcome in (alone, inside)] == [("partial", "budget")] * 2


def test_a_price_that_is_given_counts_for_a_client_that_knows_none() -> None:
    """So that it can run under a cap."""
    model = Dear(None)
    outcome = rlmlite.run("?", TEXT, controller=model, prices={"dear:": "1,2"}, max_cost="9", trace=False)

    assert (outcome.status, outcome.budget["cost_nano"]["used"]) == ("completed", 5_000_000_000)
