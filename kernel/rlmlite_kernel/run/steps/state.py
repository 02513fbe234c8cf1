"""The state of a run between turns. It is frozen, and all that `advance` needs besides a program and the blobs.

Not here: how one state follows from another (`run.machine`, `run.recorder`).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.flow import speak_in_order
from rlmlite_kernel.effects.memo import NO_MEMO, Memo
from rlmlite_kernel.effects.policy import Egress
from rlmlite_kernel.evaluation.taint import CONTROLLER, DERIVED, FOREIGN, LM, TaintedValue
from rlmlite_kernel.evaluation.turn_context import TurnContext
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.observation.coverage import Coverage
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT
from rlmlite_kernel.records.records import Ref
from rlmlite_kernel.records.refs import Salts, commit_value
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer, Lineage, Offer
from rlmlite_kernel.run.steps.variables import Variables
from rlmlite_kernel.values.inputs import Source


class RunConstants(msgspec.Struct, frozen=True, eq=False):
    """What changes only where inputs or limits are added (`run.additions`).

    `key` is the salt of the settings, under which inputs and prompts are committed to. `document_names` names the
    documents that evidence lies in. `barred` are the origins of inputs whose content no observation may show, since a
    controller may not be sent it.
    `question` are the origins of the question, if this is a nested run. `sources` say where each input came from.
    `flags` are the changes of meaning that hold in it (`records.evolution.FLAGS`). `meter` is that of a replay, for
    a run that is not charged for its work. `is_incomplete`: an input could not be read as a whole.
    `places` counts the places of each content, by its digest (`values.tables.places`).
    """

    id: str
    key: bytes
    settings: Settings
    salts: Salts
    table: Table
    inputs: frozenset[str]
    document_names: DocumentNames
    egress: Egress
    barred: int
    question: int = 0
    flags: frozenset[int] = frozenset()
    meter: Meter | None = None
    is_incomplete: bool = False
    sources: Mapping[str, Source] = {}
    places: Mapping[str, int] = {}


class State(msgspec.Struct, frozen=True, eq=False):
    """The run so far.

    `used` is what was used of each budget, by name. `partial` holds the codes of what makes an answer partial
    (`run.status`), `lossy` those that single variables have, `failures` the codes of steps that failed in the last
    turn, `earlier_failures` those of the turns of the question before it. `notes` are the controller's own.
    `remarks` are the warnings and notes of steps since the last question.
    `held` are the answers to the question that were held back, oldest first, `draft` is the last one of `draft(...)`.
    `shown` are the observations of the turns so far, `lineage` is what speaks against single variables.
    `offers` are the last answer and the last draft as values, `answers` the number of the last earlier answer that a
    variable was to hold.
    `exposure` are the origins of what the controller has learned of: kinds of content, and single inputs.
    `memo` are the calls that later ones may take the answers of (`effects.memo`).
    `digest` commits to variables, budgets, exposure and memo: two states with the same digest behave alike.
    """

    run: RunConstants
    variables: Variables
    used: Mapping[str, int]
    coverage: Coverage
    turn: int
    step: int
    digest: str
    notes: tuple[str, ...] = ()
    answer: Answer | None = None
    partial: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    earlier_failures: tuple[str, ...] = ()
    lossy: Mapping[str, tuple[str, ...]] = {}
    exposure: int = 0
    remarks: tuple[StepRemark, ...] = ()
    held: tuple[HeldAnswer, ...] = ()
    draft: Answer | None = None
    shown: tuple[str, ...] = ()
    lineage: Mapping[str, Lineage] = {}
    memo: Memo = NO_MEMO
    offers: tuple[Offer, ...] = ()
    answers: int = 0

    @property
    def exposed(self) -> bool:
        """Whether the controller has learned of anything in inputs, results of tools or answers of models."""
        return bool(self.exposure & FOREIGN)

    @property
    def spoken(self) -> int:
        """The origins of whatever the controller writes or chooses.

        Once it has seen foreign content it counts as a model like any other. It always speaks for its question, as a
        model's answer speaks for its prompt. In strict mode it speaks for all that it has learned of.
        """
        if self.settings.policy.strict:
            learned = self.exposure & ~(CONTROLLER | DERIVED)
            return learned | LM if learned else 0
        return self.run.question | (LM if self.exposed else 0)

    @property
    def settings(self) -> Settings:
        """The limits, roles and policy of the run."""
        return self.run.settings

    def step_contexts(self, steps: Sequence[PlannedStep]) -> Sequence[TurnContext]:
        """What each step of the next turn shares with the others, with what the controller speaks for at its place."""
        is_strict, barred = self.settings.policy.strict, self.run.barred
        shared = TurnContext(
            table=self.run.table,
            settings=self.settings,
            egress=self.run.egress,
            spoken=self.spoken,
            barred=barred,
            number=self.turn,
            flags=self.run.flags,
            meter=self.run.meter,
            inputs=tuple(sorted(self.run.inputs)),
            is_input=self.coverage.layout.has,
            calls=[step.call for step in steps],
        )
        if not (is_strict or self.hides_budgets):
            # What it speaks for does not grow within a turn.
            return [shared] * len(steps)
        spoken = speak_in_order(self.spoken, self.variables.data, steps, is_strict=is_strict, barred=barred)
        return [msgspec.structs.replace(shared, spoken=origins) for origins in spoken]

    def describes(self, name: str) -> bool:
        """Whether the controller may be told what an input is like: its size, its columns, its beginning.

        In strict mode a look has a price, since all that the controller writes afterwards counts as made of what it
        has seen. So an input that may not go everywhere is described only once the controller has looked at it.
        """
        origins = self.variables[name].data.origins
        if origins & self.run.barred:
            return False
        is_unlooked = bool(origins & self.run.egress.ruled & ~self.exposure)
        return not (self.settings.policy.strict and is_unlooked)

    @property
    def hides_budgets(self) -> bool:
        """Whether what is left of budgets is told in levels (`effects.levels`): withheld content may show in it."""
        return bool(self.run.barred) and EXPOSURE_BY_INPUT in self.run.flags

    def tells_exactly(self, resource: str) -> bool:
        """Whether a controller may be told what is left of a budget as a number."""
        # Its own turns it can count. Those of nested runs may depend on what they have read.
        are_own_turns = resource == "turns" and self.used.get("turns", 0) == self.turn
        return are_own_turns or not self.hides_budgets

    def withheld(self, held: TaintedValue) -> tuple[str, ...]:
        """The names of the inputs whose content in a value keeps it from being shown to a controller."""
        return self.run.egress.input_names(held.origins & self.run.barred)

    def left(self, resource: str) -> int:
        """What is left of a budget that has a limit."""
        limit: int = getattr(self.settings.limits, resource)
        return limit - self.used.get(resource, 0)

    def commit(self, text: str) -> Ref:
        """The commitment to a text that the trace does not hold, such as a controller's prompt."""
        return commit_value(self.run.key, text.encode("utf-8", "backslashreplace"))

    def coverage_report(self) -> dict[str, dict[str, int]]:
        """Per input the bytes in all, shown, read by a model, scanned, unseen."""
        return self.coverage.report()


def state_digest(
    variables: Variables,
    used: Mapping[str, int],
    exposure: int,
    flags: Collection[int],
    memo: str = "",
) -> str:
    """SHA-256 (hex) of the canonical variable table, budget and exposure, and of the memo if it is not empty."""
    # Before exposure was tracked by input, a digest said only whether there was any.
    told: str | bool = hex(exposure) if EXPOSURE_BY_INPUT in flags else bool(exposure & FOREIGN)
    # The JSON of `[table, used, told]`, with the memo behind if there is one, put together of the rows of the table:
    # most of a thousand variables are as they were. Sorted, since the order in which they were written changes nothing.
    rest = encode_safely(_REST, [used, told, *([memo] if memo else [])])
    encoded = b"[[" + b",".join(variables.rows()) + b"]," + rest[1:]
    return hashlib.sha256(encoded).hexdigest()


_REST = msgspec.json.Encoder(order="deterministic")
"""Names, refs and whole numbers only, so its bytes are canonical as they are."""
