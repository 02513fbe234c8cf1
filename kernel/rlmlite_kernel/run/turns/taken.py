"""Steps that a replay takes from the record, since what they read is not here.

    a = load(docs[0].text)       the file is here       executed
    b = load(docs[1].text)       the file is missing    taken: `b` has the recorded kind, size and ref, and no value
    c = len(b)                   reads `b`              taken as well
    d = load(docs[2].text)       the file is here       executed

So all that does not depend on the missing content is executed and compared. What the record says of a taken step is
believed, and nothing is concluded from it: whoever replays says which steps these are. A live run takes none.
"""

from collections.abc import Container, Mapping
from typing import Final

import msgspec

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TOOL, TaintedValue
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.run.steps.step import StepOutcome
from rlmlite_kernel.run.steps.variables import Change, Variable, Variables
from rlmlite_kernel.values.blobs import BlobMissingError, digest_of_name
from rlmlite_kernel.values.columns import Text

_NO_CONTENT: Final = "0" * 64

NOT_HERE: Final = Text(_NO_CONTENT, 0, 0)
"""Stands for a value that nobody can make here. No content has this digest, so reading it fails."""


class StepUnavailableError(BlobMissingError):
    """A step reads a content that is not here. `step` is its number in the record."""

    def __init__(self, step: int, digest: str) -> None:
        super().__init__(digest)
        self.step = step


def is_here(data: TaintedValue) -> bool:
    """Whether a variable has a value."""
    return not (isinstance(data.value, Text) and digest_of_name(data.value.blob) == _NO_CONTENT)


class Taking(msgspec.Struct, frozen=True, eq=False):
    """The recorded steps of a turn by their numbers, and which of them are to be taken, beside those that follow."""

    records: Mapping[int, Step] = {}
    numbers: Container[int] = ()

    def due(self, number: int, planned: PlannedStep, variables: Variables) -> Step | None:
        """The record of a step, if it is taken: it is to be, or reads a variable without a value."""
        record = self.records.get(number)
        if record is None:
            return None
        reads = (variables[name].data for name in planned.reads if name in variables)
        return record if number in self.numbers or not all(map(is_here, reads)) else None


NOTHING_TAKEN: Final = Taking()
"""All steps are executed."""


def taken_outcome(record: Step, context: StepContext) -> StepOutcome:
    """The outcome of a step as the record has it."""
    for name, amount in record.used.items():
        context.spend(name, amount)
    return StepOutcome(context, "ok" if record.writes else record.status, record.code, record=record)


def change_taken(
    record: Step, planned: PlannedStep, variables: Variables, dropped: tuple[str, ...], turn: int
) -> Change:
    """What a taken step does to the variables. Its origins are those of what it reads and of whom it asks: a guess."""
    if not record.writes:
        return Change(planned.target or "", dropped=dropped)
    origins = DERIVED
    for name in planned.reads:
        origins |= variables[name].data.origins if name in variables else 0
    if record.effects is not None:
        origins |= LM | TOOL
    (written,) = record.writes
    data = TaintedValue(NOT_HERE, origins)
    return Change(written.name, Variable(data, written.kind, written.ref, written.size, turn), dropped)
