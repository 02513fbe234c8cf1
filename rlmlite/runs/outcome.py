"""What a run leaves for its caller."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.program.problems import Problem

if TYPE_CHECKING:
    from rlmlite.runs.explain import Because

Status: TypeAlias = Literal["completed", "partial", "refused", "failed"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run.

    `value` is JSON. `reason` says why a run is not completed. `evidence` are the places that support the answer,
    `evidence_total` how many there are in all, `basis` whether the program named them (`given`), they follow from
    what the value was made of (`derived`) or there are none.
    `coverage` is bytes of each input: in all, shown to the controller, read by a model, scanned, unseen.
    `usage` is what models used (unknown is `None`, never 0), `budget` what the run used of each of its limits.
    `trace` and `root` name the receipts; both are `None` for a run without a trace.
    `problems` are those of a program that was refused, `failures` the codes of steps that failed.
    `unshown` lists the variables behind the answer that no observation had shown.
    """

    value: Any = None
    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    evidence_total: int = 0
    basis: str = "none"
    coverage: dict[str, dict[str, int]]
    usage: dict[str, int | None]
    budget: dict[str, dict[str, int | None]]
    trace: Path | None
    root: str | None
    run: str
    observation: str
    problems: tuple[Problem, ...] = ()
    failures: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()

    def explain(self) -> "tuple[Because, ...]":
        """The steps that the answer rests on, of the trace; none for a run without one."""
        from rlmlite.runs.explain import explain

        return () if self.trace is None else explain(self.trace, self.root)
