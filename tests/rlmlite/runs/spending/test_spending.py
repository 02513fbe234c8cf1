"""`spend`: what all runs of a user may cost in a day or a month, kept in one file by all processes."""

import multiprocessing
from contextlib import suppress
from pathlib import Path

import pytest

import rlmlite
from rlmlite import SettingError
from rlmlite.clients.bounds.spending import Spending, spend_limits
from rlmlite.guard.places import HOME_VARIABLE
from rlmlite_kernel import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Role

DOLLAR = 1_000_000_000


class Priced:
    """Costs a tenth of a dollar for each call, and may cost up to three tenths."""

    model = "priced:"

    def __init__(self) -> None:
        self.calls = 0

    def role(self) -> Role:
        # 1,000 tokens of an answer at $0.0003 each, and free prompts.
        return Role(model=self.model, max_output_tokens=1_000, input_price=0, output_price=3 * DOLLAR // 10)

    async def complete(self, text: str, request: Request) -> Result:
        self.calls += 1
        return Answered("yes", Usage(9_000, 1, DOLLAR // 10))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def spent(**limits: object) -> dict[str, int]:
    return {period: amount for period, (amount, _) in Spending(spend_limits("spend", limits)).totals().items()}


def test_runs_share_a_limit() -> None:
    """Runs of different processes or not: the sum counts, and the run that does not fit makes no call."""
    said: list[str] = []
    outcomes = []
    for _ in range(4):
        sub = Priced()
        outcome = rlmlite.execute('final(sub_lm("?"))', sub=sub, spend={"day": "0.50"}, trace=False, tell=said.append)
        outcomes.append((outcome.status, sub.calls))
    # 0.1, 0.2 and 0.3 are spent; 0.3 more could be 0.6.
    assert outcomes == [("completed", 1)] * 3 + [("failed", 0)]
    assert said == ["calls of up to $0.30 are more than is left of spend.day: $0.30 of $0.50"]
    assert spent()["day"] == 3 * DOLLAR // 10


def test_a_controller_that_cannot_be_paid_ends_the_run_for_the_budget() -> None:
    """And not as one that does not answer: no other controller is asked."""
    outcome = rlmlite.run(
        "?", "x", controller=[Priced(), Priced()], spend={"day": "0.01"}, trace=False, tell=lambda _: None
    )
    assert (outcome.status, outcome.reason) == ("partial", "budget")


def test_projects_are_counted_apart() -> None:
    """A limit of a project leaves others alone; one of all does not."""
    for project in ("a", "a", "b"):
        rlmlite.execute('sub_lm("?")', sub=Priced(), spend={"project_day": "9", "project": project}, trace=False)
    assert spent(project="a") == {
        "day": 3 * DOLLAR // 10,
        "month": 3 * DOLLAR // 10,
        "project_day": 2 * DOLLAR // 10,
        "project_month": 2 * DOLLAR // 10,
    }


def test_nested_runs_are_counted_once() -> None:
    """Their calls go through the same file, and the call of the nested run itself costs nothing."""
    sub = Priced()

    class Controller(Priced):
        async def complete(self, text: str, request: Request) -> Result:
            await super().complete(text, request)
            return Answered('x = sub_lm("deep?")\nfinal(count([x]))', Usage(9_000, 1, DOLLAR // 10))

    controller = Controller()
    rlmlite.execute(
        'final(sub_rlm("?", text=context))', "x", sub=sub, controller=controller, spend={"day": "9"}, trace=False
    )
    assert (sub.calls, controller.calls) == (1, 1)
    assert spent()["day"] == 2 * DOLLAR // 10


def _hold(path: Path, times: int) -> None:
    spending = Spending(spend_limits("spend", {"day": "1.00"}), path)
    for _ in range(times):
        with spending.hold(DOLLAR // 100) as held:
            if not isinstance(held, str):
                held.begin(DOLLAR // 100)
                held.end(DOLLAR // 100, DOLLAR // 100)


def test_processes_cannot_pass_a_limit_together(tmp_path: Path) -> None:
    """Four processes that want 1.60 dollars in cents get exactly one dollar."""
    path = tmp_path / "spending.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_hold, args=(path, 40)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    totals = Spending(spend_limits("spend", {}), path).totals()
    assert totals["day"] == (DOLLAR, None)


def _break_off(spending: Spending) -> None:
    with suppress(KeyboardInterrupt), spending.hold(9 * DOLLAR // 10) as held:
        assert not isinstance(held, str)
        held.begin(3 * DOLLAR // 10)
        raise KeyboardInterrupt


def test_what_was_set_aside_by_a_process_that_is_gone_counts(tmp_path: Path) -> None:
    """Its calls may have been billed. What a broken-off fan-out had under way counts too."""
    path = tmp_path / "spending.sqlite"
    spending = Spending(spend_limits("spend", {"day": "1"}), path)
    _break_off(spending)
    assert spending.totals()["day"] == (3 * DOLLAR // 10, DOLLAR)

    manager = spending.hold(6 * DOLLAR // 10)
    manager.__enter__()  # and never left, as in a process that is killed
    with spending.hold(2 * DOLLAR // 10) as held:
        assert held == "calls of up to $0.20 are more than is left of spend.day: $0.90 of $1.00"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"dya": "1"}, "day"),
        ({"day": "-1"}, "dollars"),
        ({"day": "much"}, "dollars"),
        ("5", "values by name"),
        ({"project": 3}, "text"),
    ],
)
def test_limits_that_are_none(value: object, message: str) -> None:
    """Refused where they are given."""
    with pytest.raises(SettingError, match=message):
        rlmlite.execute("final(1)", "x", spend=value, trace=False)  # type: ignore[arg-type]


def test_prices_must_be_known() -> None:
    """Of a model of unknown price nobody can say whether it fits."""

    class Unpriced(Priced):
        def role(self) -> Role:
            return Role(model=self.model)

    with pytest.raises(SettingError, match="price of priced: is unknown"):
        rlmlite.execute('sub_lm("?")', sub=Unpriced(), spend={"day": "1"}, trace=False)


def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """Without it the limits could not be kept, so no call is made."""
    path = tmp_path / "spending.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(SettingError, match=r"limits of .spend. cannot be kept"):
        Spending(spend_limits("spend", {"day": "1"}), path).totals()
