"""One step at work: what it may read, what it has used, and what it wants said.

A job lives for one step of one `advance`; nothing of it outlasts the step but what the machine copies into the receipt.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.postings import Index
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.blobs import Blobs, Content
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of

INPUT, TOOL, LM, CONTROLLER, DERIVED = 1, 2, 4, 8, 16
ORIGINS = {INPUT: "input", TOOL: "tool", LM: "lm", CONTROLLER: "controller", DERIVED: "derived"}
"""Where content came from, as bits, with the words that receipts use."""

FOREIGN = INPUT | TOOL | LM
"""Origins that are never to be taken for instructions."""

_FIRST_INPUT = 8  # the bits below say of what kind an origin is, those from here on which input it is, by number


def input_bit(number: int) -> int:
    """The origin that says: this input, by its place among the inputs, had a part in it."""
    return 1 << (_FIRST_INPUT + number)


def of_inputs(origins: int) -> int:
    """Of some origins those that name inputs."""
    return origins >> _FIRST_INPUT << _FIRST_INPUT


def origin_words(origins: int) -> tuple[str, ...]:
    """The words for a set of origins."""
    return tuple(word for bit, word in ORIGINS.items() if origins & bit)


class Held(msgspec.Struct, frozen=True):
    """A value with where it came from: origins as bits, and the spans of inputs that it rests on."""

    value: Value
    origins: int = CONTROLLER
    sources: tuple[Spans, ...] = ()

    def derived(self, value: Value) -> "Held":
        """Another value that rests on the same."""
        return Held(value, self.origins | DERIVED, self.sources)

    def touched_by(self, origins: int) -> "Held":
        """The same value, in whose choice something of these origins had a part; that a literal had says nothing."""
        return Held(self.value, self.origins | origins & ~CONTROLLER, self.sources)


class Resting(msgspec.Struct, frozen=True):
    """What an action gives that rests on less than its arguments do: on these spans."""

    value: Value
    spans: Spans


def merged(parts: Iterable[Held]) -> tuple[int, tuple[Spans, ...]]:
    """The origins and sources of something made of several values."""
    origins = 0
    sources: list[Spans] = []
    for part in parts:
        origins |= part.origins
        sources.extend(spans for spans in part.sources if not any(spans is other for other in sources))
    return origins or CONTROLLER, tuple(sources)


class Tracked:
    """The blobs, with a note of every content that was touched."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.touched: set[str] = set()

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        self.touched.add(digest)
        return self._blobs.read(digest)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        return self._blobs.put(content)

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        self.touched.add(digest)
        return self._blobs.lines(digest)

    def index(self, key: str, make: Callable[[], Index], stored: bool = True) -> Index:
        """See `Blobs.index`."""
        return self._blobs.index(key, make, stored)

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self._blobs.confirm(digests)


class Egress(Protocol):
    """Where the content of inputs may be sent: `policy.Egress` is one."""

    def check(self, origins: int, destination: str) -> None:
        """Raise `Fault("egress")` if content of these origins may not be sent to a model or to `tool:NAME`."""
        ...

    def named(self, origins: int) -> tuple[str, ...]:
        """The inputs that some origins name."""
        ...


class Terms(msgspec.Struct, frozen=True, eq=False):
    """Under what a step works: the actions, the settings, the policy as it stands.

    `exposed`: the controller has seen content of inputs, tools or models.
    """

    table: Table
    settings: Settings
    egress: Egress
    exposed: bool


class StepWarning(NamedTuple):
    """One sentence for the observation; `quoted` is what it quotes of the data, and is fenced as data.

    `every_row`: the sentence is about all the rows of an action. An action that looks at its rows batch by batch may
    repeat it only if every batch gave rise to it (see `actions.search.filter_hits`).
    """

    message: str
    quoted: str = ""
    every_row: bool = False


class Job:
    """What an action is handed besides its arguments.

    `ledger` is what the whole run has used, reservations included; `used` is this step's share.
    """

    def __init__(self, names: Mapping[str, Held], blobs: Blobs, terms: Terms, ledger: dict[str, int]) -> None:
        self.names, self.terms = names, terms
        self.table, self.settings, self.egress, self.exposed = (
            terms.table,
            terms.settings,
            terms.egress,
            terms.exposed,
        )
        self.blobs = Tracked(blobs)
        self.used: dict[str, int] = {}
        self.warnings: list[StepWarning] = []
        self.partial: list[str] = []
        self.scanned: list[Text] = []
        self.ledger = ledger
        self._building = 0

    def on(self, ledger: dict[str, int]) -> "Job":
        """A copy that charges another ledger, to settle the same step again."""
        other = Job(self.names, self.blobs, self.terms, ledger)
        other.blobs = self.blobs  # what the prompts were made of has to be confirmed when the answers are in
        other.used, other._building = dict(self.used), self._building
        other.warnings, other.partial = list(self.warnings), list(self.partial)
        other.scanned = list(self.scanned)
        return other

    def left(self, resource: str) -> int:
        """What is left for programs of a budget that has a limit."""
        limit: int = getattr(self.settings.limits, resource)
        return limit - self.settings.kept.get(resource, 0) - self.ledger.get(resource, 0)

    def charge(self, resource: str, amount: int, what: str) -> None:
        """Use up some of a hard budget, or refuse the step with the arithmetic."""
        left = self.left(resource)
        if amount > left:
            raise Fault("budget", f"{what} needs {amount:,} of {resource}, {left:,} are left")
        self.spend(resource, amount)

    def spend(self, resource: str, amount: int) -> None:
        """Note that an amount was used, whatever is left."""
        self.used[resource] = self.used.get(resource, 0) + amount
        self.ledger[resource] = self.ledger.get(resource, 0) + amount

    def room(self, size: int, instead: str = "") -> None:
        """Announce `size` more bytes about to be built in memory; refuses before they are, and says what to do
        `instead`.
        """
        self._building += size
        limit = self.settings.limits.value_bytes
        held = self.ledger.get("value_bytes", 0)
        if held + self._building > limit:
            message = f"the value would pass the {limit:,} value_bytes of this run ({held:,} are held)"
            raise Fault("too_large", f"{message}; {instead}" if instead else message)

    def warn(self, message: str, quoted: str = "", every_row: bool = False) -> None:
        """Add a warning to the observation, unless the step has given the same one already: see `StepWarning`."""
        warning = StepWarning(message, quoted, every_row)
        if warning not in self.warnings:
            self.warnings.append(warning)

    def curtailed(self, code: str, message: str, quoted: str = "") -> None:
        """A bound bit: the result is honest but not whole. Said in the observation, the record and the outcome."""
        if code not in self.partial:
            self.partial.append(code)
        self.warn(message, quoted)

    def text(self, value: Value, what: str) -> str:
        """A value as a string, or a fault that names the place."""
        if isinstance(value, Text):
            self.room(len(value))
            return value.string(self.blobs)
        if isinstance(value, str):
            return value
        raise Fault("type", f"{what} must be text, not {kind_of(value)}")

    def rows(self, value: Value, what: str) -> Rows:
        """A value as rows, or a fault that names the place."""
        rows = rows_of(value)
        if rows is None:
            raise Fault("type", f"{what} must be rows or a list, not {kind_of(value)}")
        return rows
