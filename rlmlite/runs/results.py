"""From a run's last state to its outcome, and what its models used."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import msgspec

from rlmlite.runs.outcome import Outcome, Status
from rlmlite_kernel import State
from rlmlite_kernel.effects.requests import Failed, Result, Usage
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.records import Spoken
from rlmlite_kernel.records.settings import Limits


class Spent:
    """What models reported, added up. A sum with an unknown part is unknown."""

    def __init__(self) -> None:
        self.calls = 0
        self._sums: dict[str, int | None] = {"input_tokens": 0, "output_tokens": 0, "cost_nano": 0}

    def add(self, results: Iterable[Result]) -> None:
        """Count the results of a fan-out."""
        for result in results:
            self.calls += 1
            for name, total in self._sums.items():
                amount: int | None = getattr(result.usage, name)
                self._sums[name] = None if total is None or amount is None else total + amount

    def spoken(self, call: Spoken) -> None:
        """Count a controller's call."""
        self.add([Failed("unavailable", Usage(*call.usage))])

    def report(self) -> dict[str, int | None]:
        """Calls, tokens and cost in nano-dollars; `None` is unknown."""
        return {"calls": self.calls, **self._sums}


class Receipts(msgspec.Struct, frozen=True):
    """Where a run's trace is, if it has one, and its root."""

    trace: Path | None
    root: str | None


def outcome_of(
    state: State,
    end: tuple[str, str],
    spent: Spent,
    receipts: Receipts,
    observation: str,
    problems: tuple[Problem, ...] = (),
) -> Outcome:
    """The outcome of a run, or of a question in a session; `end` is the status and its reason."""
    answer = state.answer
    found = {} if answer is None else {name: getattr(answer, name) for name in answer.__struct_fields__}
    return Outcome(
        **found,
        status=cast(Status, end[0]),
        reason=end[1],
        coverage=state.coverage_report(),
        usage=spent.report(),
        budget=budget_of(state),
        trace=receipts.trace,
        root=receipts.root,
        run=state.run.id,
        observation=observation,
        problems=problems,
        failures=state.failures,
    )


_EACH = ("call_prompt_bytes", "observation_bytes")  # bounds on each prompt and each turn, of which there is no sum


def budget_of(state: State) -> dict[str, dict[str, int | None]]:
    """Per limit what is used of it, and the limit; `None` is no limit, or no sum."""
    used: dict[str, int | None] = {name: state.used.get(name, 0) for name in Limits.__struct_fields__}
    used |= dict.fromkeys(_EACH) | {"variables": len(state.variables)}
    return {name: {"used": used[name], "limit": getattr(state.settings.limits, name)} for name in used}
