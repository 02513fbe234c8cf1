"""What a turn gives to each of its steps: table, settings, rules of egress, and blobs that note what is read.

Not here: what a step may do with them, and what it uses (`context`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Call
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.blobs import Blobs, Content, PassedBlobs
from rlmlite_kernel.values.columns import Text

if TYPE_CHECKING:
    from rlmlite_kernel.values.lines.finds import Finds


class TrackedBlobs(PassedBlobs):
    """The blobs, noting the digest of every content that a step reads, so that its file can be confirmed afterwards."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__(blobs)
        self.digests_read: set[str] = set()

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        self.digests_read.add(digest)
        return self._blobs.read(digest)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        self.digests_read.add(digest)
        return self._blobs.lines(digest)


class EgressRules(Protocol):
    """Where content of inputs may be sent. Implemented by `effects.policy.Egress`, which this room may not import."""

    def check(self, origins: int, destination: str) -> None:
        """Raise `Fault("egress")` if content of these origins may not be sent to a model or to `tool:NAME`."""
        ...

    @property
    def input_bits(self) -> int:
        """The origin bits of all inputs."""
        ...

    @property
    def ruled(self) -> int:
        """The origin bits of the inputs whose content may not go everywhere."""
        ...

    def rules_of(self, origins: int) -> tuple[str, ...]:
        """The names of the inputs whose rules content of these origins is under."""
        ...


def is_never(_text: Text) -> bool:
    """Of a turn without inputs no text is one."""
    return False


class TurnMemory:
    """What steps leave for the steps after them in the same turn: no value, only what would be found again."""

    def __init__(self) -> None:
        self.finds: Finds | None = None


class TurnContext(msgspec.Struct, frozen=True, eq=False):
    """What all steps of a turn share: action table, settings, egress rules, and what the controller's words count as.

    `spoken` are the origins of whatever the controller writes or chooses (`State.spoken`). `barred` are those of inputs
    that are withheld from it. `number` is that of the turn. `flags`: the changes of meaning that hold in this run
    (`records.evolution.FLAGS`). `meter` counts what a run without `CHARGED_BEFORE` is not charged for, in a replay.
    `inputs` are the names of the inputs, sorted; `is_input` tells their texts from those that a program made.
    `calls` are those of all steps, so that a step can look ahead; no result depends on them, or on `memory`.
    """

    table: Table
    settings: Settings
    egress: EgressRules
    spoken: int
    barred: int = 0
    number: int = 0
    flags: frozenset[int] = frozenset()
    meter: Meter | None = None
    inputs: Sequence[str] = ()
    is_input: Callable[[Text], bool] = is_never
    calls: Sequence[Call] = ()
    memory: TurnMemory = msgspec.field(default_factory=TurnMemory)
