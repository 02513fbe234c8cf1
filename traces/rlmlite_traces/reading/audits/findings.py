"""What an audit consists of: facts of the run, and for each thing that can be checked whether it holds."""

from typing import Final

import msgspec

from rlmlite_traces.reading.parts.chapters import EvidenceStory, InputStory
from rlmlite_traces.reading.parts.passages import Passage

HOLDS: Final = "holds"
FAILS: Final = "fails"
UNKNOWN: Final = "unknown"
"""What an audit says of one thing: it was checked and is so; it was checked and is not so; nobody could check it."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base: a field that has its default is left out of the JSON."""


class Check(_Part, frozen=True, kw_only=True):
    """One thing that was to be checked: `what`, the standing, and why it is that."""

    what: str
    standing: str
    why: str = ""


class BudgetAudit(_Part, frozen=True, kw_only=True):
    """A budget: what was given (`None` is no limit), after all additions, and what was used."""

    limit: int | None
    used: int


class InputAudit(_Part, frozen=True, kw_only=True):
    """An input, and whether its content is at hand and has the recorded digests."""

    input: InputStory
    standing: str
    why: str = ""


class ApprovalAudit(_Part, frozen=True, kw_only=True):
    """What somebody was asked to approve, at which step, and what they said."""

    step: int
    tool: str
    asked: Passage
    answer: Passage | None = None
    is_approved: bool = False
    error: str = ""


class StepAudit(_Part, frozen=True, kw_only=True):
    """A step: what it was, and whether it was executed again with the same result."""

    turn: int
    step: int
    op: str
    status: str
    standing: str
    why: str = ""


class EvidenceAudit(_Part, frozen=True, kw_only=True):
    """A piece of evidence, and whether the input has that text at that place."""

    evidence: EvidenceStory
    standing: str
    why: str = ""


class Audit(_Part, frozen=True, kw_only=True):
    """An audit. `checks` are about the trace as a whole; inputs, steps and evidence have a standing of their own."""

    root: str
    level: str
    run: str
    kernel: str
    questions: tuple[Passage, ...]
    outcome: str
    reason: str
    host_turns: int
    controller_turns: int
    models: dict[str, str]
    gates: tuple[str, ...]
    policy: dict[str, object]
    checks: tuple[Check, ...]
    inputs: tuple[InputAudit, ...]
    budgets: dict[str, BudgetAudit]
    approvals: tuple[ApprovalAudit, ...]
    redactions: tuple[str, ...]
    steps: tuple[StepAudit, ...]
    evidence: tuple[EvidenceAudit, ...]

    @property
    def standing(self) -> str:
        """The worst of all."""
        groups = (self.checks, self.inputs, self.steps, self.evidence)
        found = {each.standing for group in groups for each in group}
        return next((each for each in (FAILS, UNKNOWN) if each in found), HOLDS)
