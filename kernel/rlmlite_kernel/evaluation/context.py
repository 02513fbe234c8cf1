"""What an action runs in: the variables it may read, the budgets it draws on, and the remarks it makes.

    def shout(context, text):                       an action: the context first, then its parameters
        context.ensure_room(len(text))              refused before the memory is used, if there is no room
        context.charge("search_work", 10, "shout")  refused with the arithmetic, if the budget does not allow it
        return context.require_text(text, "shout's argument").upper()

A `StepContext` lives for one step of one `advance`. Nothing of it outlasts the step except what the machine copies into
the receipt. It does not know the state machine, other steps, or where blobs are stored.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rlmlite_kernel.evaluation.misses import Locate, Miss, Misses
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.evaluation.turn_context import TrackedBlobs, TurnContext
from rlmlite_kernel.evaluation.work import READ, free_work
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, NULLS_ARE_SAID, ROWS_WITH_OBJECTS
from rlmlite_kernel.records.remarks import OTHER, StepRemark
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.memory import (
    LONG,
    MEMORY_PER_VALUE_BYTE,
    Size,
    charged_size,
    resolved_size,
    string_size,
    taken_memory,
)
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, size_of, text_of

FEWER_ROWS = "work on fewer rows, on a part of each text (.text[0:500]), or on counts instead of rows"
"""What to do where rows or texts are too much."""

_HASHED = 4
"""Work for a byte that is encoded and hashed."""

_SHARE_OF_STRINGS = 4
"""The part of `value_bytes` that strings may take which are kept for other rows: a quarter."""


_SHARE_OF_SCRATCH = 8
"""The part of `value_bytes` that a step may hold for a while beyond that limit: an eighth."""


class StepContext:
    """The first argument of every action: variables, blobs, the host's parser, budgets, remarks.

    `ledger` is what the whole run has used so far, reservations included; `used` is this step's share of it.
    """

    def __init__(
        self,
        variables: Mapping[str, TaintedValue],
        blobs: Blobs,
        turn: TurnContext,
        ledger: dict[str, int],
        parser: Parser = NO_PARSER,
    ) -> None:
        self.variables, self.turn, self.parser = variables, turn, parser
        self.table, self.settings, self.egress = turn.table, turn.settings, turn.egress
        # The origins of the arguments of the step, but for those that only fill placeholders.
        self.argument_origins = 0
        self.blobs = TrackedBlobs(blobs)
        self.used: dict[str, int] = {}
        self.remarks: list[StepRemark] = []
        self.misses = Misses()
        self.says_nulls = NULLS_ARE_SAID in turn.flags
        # Whether an action is called once and not for each row: then what can never be is at fault.
        self.is_alone = False
        self.partial: list[str] = []
        self.scanned: list[Text] = []
        # Shared with the turn and all its steps: what one of them charges, the next one no longer has.
        self.ledger = ledger
        self._announced_bytes = 0
        self._held_bytes = 0
        self._charges_before = CHARGED_BEFORE in turn.flags
        # Of a run that is charged, nothing is left to count.
        self._meter = None if self._charges_before else turn.meter
        self._free_work = free_work(self.settings.limits.search_work)
        # The part of `search_work` that was charged by `work`.
        self._looked = 0
        self._measured: tuple[Value, Size] | None = None
        self._strings: dict[Text, str] = {}
        self._stored_strings: dict[str, Text] = {}
        self._strings_size = 0

    def with_ledger(self, ledger: dict[str, int]) -> "StepContext":
        """A copy that charges another ledger, to settle the same step again."""
        copy = StepContext(self.variables, self.blobs, self.turn, ledger, self.parser)
        # The same tracker, not a new one: files that the prompts were read from are confirmed when the answers are in.
        copy.blobs = self.blobs
        copy.argument_origins = self.argument_origins
        copy.used, copy._announced_bytes = dict(self.used), self._announced_bytes
        copy.remarks, copy.partial = list(self.remarks), list(self.partial)
        copy.misses, copy.is_alone = self.misses.copy(), self.is_alone
        copy.scanned = list(self.scanned)
        copy._held_bytes, copy._free_work, copy._looked = self._held_bytes, self._free_work, self._looked
        return copy

    def follows(self, flag: int) -> bool:
        """Whether a change of meaning (`records.evolution.FLAGS`) holds in this run. A replay of an old one says no."""
        return flag in self.turn.flags

    def check_egress(self, origins: int, destination: str) -> None:
        """Raise `Fault("egress")` if a call may not be made: for what it holds, or for what its controller knows.

        `destination` is a model or `tool:NAME`, `origins` those of what it would be sent.
        """
        self.egress.check(origins | self.turn.spoken, destination)

    def budget_left(self, resource: str) -> int:
        """What programs may still use of a limited budget; what is kept back for the last turn is not theirs."""
        limit: int = getattr(self.settings.limits, resource)
        kept_back = self.settings.kept.get(resource, 0)
        return limit - kept_back - self.ledger.get(resource, 0)

    def charge(self, resource: str, amount: int, what: str) -> None:
        """Use some of a hard budget. Raises `Fault("budget")`, with the arithmetic, if it would not fit."""
        left = self.budget_left(resource)
        # All or nothing: a step that is refused has used nothing of the budget.
        if amount > left:
            raise Fault("budget", f"{what} needs {amount:,} of {resource}, but only {left:,} are left")
        self.spend(resource, amount)

    def spend(self, resource: str, amount: int) -> None:
        """Record that an amount was used, even beyond the limit: it is known only afterwards."""
        # In both: the receipt of the step says what this step used, the ledger what is left for the next one.
        self.used[resource] = self.used.get(resource, 0) + amount
        self.ledger[resource] = self.ledger.get(resource, 0) + amount

    def spend_search(self, amount: int, out_of_work: bool) -> None:
        """Record what a search of one text has cost. One that ran out of work has spent all that was left.

        Its last window was searched, and did not fit. Were that free, it would be so for each of 100,000 texts.
        """
        if out_of_work and self._charges_before:
            amount = max(amount, self.budget_left("search_work"))
        self.spend("search_work", amount)

    def work(self, units: int, what: str) -> None:
        """Charge work on values to `search_work` before it is done, beyond what each step has for nothing.

        Raises `Fault("budget")`. See `evaluation.work` for the prices.
        """
        if not self._charges_before:
            if self._meter is not None:
                self._meter.count_work(units)
            return
        free = min(units, self._free_work)
        self._free_work -= free
        if units > free:
            left = self.budget_left("search_work")
            if units - free > left:
                message = f"{what} needs {units:,} of search_work, but only {left:,} are left"
                raise Fault("budget", f"{message}; {FEWER_ROWS}")
            self.spend("search_work", units - free)
            self._looked += units - free

    def used_by_action(self) -> Mapping[str, int]:
        """What the step has used, without the work of looking at values, which any step may use."""
        own_work = self.used.get("search_work", 0) - self._looked
        others = {name: amount for name, amount in self.used.items() if name != "search_work"}
        return {**others, "search_work": own_work} if own_work else others

    def ensure_room(self, size: int, instead: str = "") -> None:
        """Announce `size` more bytes before they are built in memory. Raises `Fault("too_large")` if they do not fit.

        `instead` tells the program's writer what to do. Announcements of a step add up: nothing is given back.
        """
        # What a step has built is seldom free before its end, so nothing is given back: the sum is the safe side.
        self._announced_bytes += size
        self._refuse_beyond_limit(0, instead)

    def hold(self, memory: int) -> None:
        """Announce `memory` more bytes of memory that the step holds besides its result. See `values.memory`."""
        self.hold_size(-(-memory // MEMORY_PER_VALUE_BYTE))

    def hold_size(self, size: int) -> None:
        """`hold`, in value bytes."""
        if self._charges_before or self._meter is not None:
            self._held_bytes += size
            self.ensure_fits(0)

    @contextmanager
    def give_back(self, results_too: bool = False) -> Iterator[None]:
        """What is held inside of the block is free after it, such as the rows of one batch of many.

        `results_too`: and what it announces by `ensure_room`, as the results of the block are forgotten.
        """
        held, announced = self._held_bytes, self._announced_bytes
        yield
        self._held_bytes = held
        if results_too:
            self._announced_bytes = announced

    def ensure_fits(self, size: int) -> None:
        """Refuse what is built for a moment only, if it would not fit beside what the step holds now."""
        if self._charges_before:
            self._refuse_beyond_limit(size, FEWER_ROWS)
        elif self._meter is not None:
            self._meter.check_size(self._held_bytes + size)

    def most_metered(self, memory: int) -> int | None:
        """How many things of so many bytes a reader lets a run hold that is not charged for them; None if any number.

        Where there are as many, the caller announces them with `ensure_fits`, which then ends the replay.
        """
        if self._meter is None:
            return None
        return self._meter.most_size * MEMORY_PER_VALUE_BYTE // memory + 1

    def _refuse_beyond_limit(self, more: int, instead: str) -> None:
        limit = self.settings.limits.value_bytes
        stored = self.ledger.get("value_bytes", 0)
        # A step can always look at some rows, even if its variables leave no room.
        held = max(0, self._held_bytes + more - limit // _SHARE_OF_SCRATCH)
        if stored + self._announced_bytes + held > limit:
            message = f"the value would exceed the {limit:,} value_bytes of this run ({stored:,} are in use)"
            raise Fault("too_large", f"{message}; {instead}" if instead else message)

    def resolved_size(self, value: Value) -> int:
        """The bytes that a value would be charged for as plain values; if it is too large, more than can be held."""
        return resolved_size(value, 2 * self.settings.limits.value_bytes, self.blobs)

    def size_of(self, value: Value) -> int:
        """The bytes that a value is charged for; if it is too large for the run, one more than the limit."""
        if not self._charges_before:
            self._count_parts(value)
            return size_of(value)
        if isinstance(value, str):
            return string_size(value)
        # Cells come by the million; only what has parts is worth remembering.
        return self._measure(value).charged if isinstance(value, list | dict | Rows) else size_of(value)

    def room_left(self) -> int:
        """The bytes that a value may still have."""
        stored = self.ledger.get("value_bytes", 0)
        return max(0, self.settings.limits.value_bytes - stored - self._announced_bytes)

    def ensure_value_fits(self, value: Value) -> None:
        """Refuse a value that is larger than all values of a run may be together, and charge for its digest."""
        if not self._charges_before:
            self._count_parts(value)
            return
        limit = self.settings.limits.value_bytes
        size = self._measure(value)
        if size.charged > limit:
            message = f"the value is larger than the {limit:,} value_bytes of this run; {FEWER_ROWS}"
            raise Fault("too_large", message)
        self.work(size.digest_work, "a value of this size")

    def _count_parts(self, value: Value) -> None:
        """Count the work of walking through a value that a run without `CHARGED_BEFORE` does for nothing."""
        if self._meter is not None and isinstance(value, list | dict | Rows):
            size = charged_size(value, self._meter.most_size)
            self._meter.check_size(size.charged)
            self._meter.count_work(size.digest_work)

    def _measure(self, value: Value) -> Size:
        # A result is measured by its action, before its digest is taken, and when it is stored.
        if self._measured is None or self._measured[0] is not value:
            limit = self.settings.limits.value_bytes
            self._measured = value, charged_size(value, limit, self.follows(ROWS_WITH_OBJECTS))
        return self._measured[1]

    def string(self, text: Text) -> str:
        """A text by reference as a string. A long one is charged for, and shared by all rows that refer to it."""
        size = len(text)
        if size <= LONG:
            return text.string(self.blobs)
        known = self._strings.get(text)
        if known is not None:
            return known
        self.work(READ * size, f"reading a text of {size:,} bytes")
        self.ensure_fits(size)
        string = text.string(self.blobs)
        self._remember(text, string)
        return string

    def _remember(self, text: Text, string: str) -> None:
        """Keep a string for the other rows of its text, as long as there is room for such."""
        most = self.settings.limits.value_bytes // _SHARE_OF_STRINGS
        size = string_size(string)
        if size > most:
            return
        # All at once: which of them is asked for next is not known, and whoever holds one keeps it anyway.
        if self._strings_size + size > most:
            self._strings.clear()
            self._strings_size = 0
        self._strings[text] = string
        self._strings_size += size

    def warn(self, message: str, quoted: str = "", every_row: bool = False, code: str = OTHER) -> None:
        """Say that a value may be wrong: in the observation, the record and the outcome. See `StepRemark`."""
        self.remark(StepRemark(message, quoted, every_row, code))

    def note(self, message: str, quoted: str = "", code: str = OTHER) -> None:
        """Say what was read or limited as requested, in the same places as a warning. See `StepRemark`."""
        self.remark(StepRemark(message, quoted, code=code, is_note=True))

    def miss(self, code: str, one: str, many: str, quoted: str = "", why: str = "", was_said: bool = False) -> None:
        """An operation has no result for a value, or another than one may think: see `evaluation.misses`.

        `was_said`: a run of before `NULLS_ARE_SAID` is told as well, each time.
        """
        if self.says_nulls:
            self.misses.open.append(Miss(code, one, many, quoted, why))
        elif was_said:
            self.warn(f"{one}: {why}" if why else one, code=code)

    def say_misses(self, locate: Locate) -> None:
        """Make remarks of what was missed, once all is done."""
        for remark in self.misses.remarks(locate):
            self.remark(remark)
        self.misses = Misses()

    @contextmanager
    def unsaid(self) -> Iterator[None]:
        """What is looked at again inside of the block has been said already."""
        misses, remarks = self.misses, list(self.remarks)
        self.misses = Misses()
        try:
            yield
        finally:
            self.misses, self.remarks = misses, remarks

    def remark(self, remark: StepRemark) -> None:
        """Add a warning or a note, unless the step has given the same one already."""
        # A condition over a million rows gives the same warning a million times. A list, not a set: order is recorded.
        if remark not in self.remarks:
            self.remarks.append(remark)

    def mark_partial(self, code: str, message: str, quoted: str = "") -> None:
        """A limit cut the result short: it is correct but incomplete. Observation, record and outcome all say so."""
        if code not in self.partial:
            self.partial.append(code)
        self.warn(message, quoted, code=code)

    def text_of(self, value: Value) -> Text | None:
        """A value as a span: a `Text`, or a string after it was put in the blobs; None for anything else."""
        if not isinstance(value, str) or len(value) <= LONG:
            return text_of(value, self.blobs)
        # A condition asks this of one string for every row; it is encoded and stored once.
        known = self._stored_strings.get(value)
        if known is not None:
            return known
        size = string_size(value)
        self.work(_HASHED * size, f"storing a text of {size:,} bytes")
        self.hold_size(size)
        text = text_of(value, self.blobs)
        assert text is not None  # it never is for a string
        self._stored_strings[value] = text
        return text

    def require_text(self, value: Value, what: str) -> str:
        """A value as a string. Raises `Fault("type")` that names `what`."""
        # Only a reference takes room: a string is in memory already.
        if isinstance(value, Text):
            self.ensure_room(len(value))
            return self.string(value)
        if isinstance(value, str):
            return value
        raise Fault("type", f"{what} must be text, not {kind_of(value)}")

    def require_rows(self, value: Value, what: str, lines: bool = False) -> Rows:
        """A value as rows. Raises `Fault("type")` that names `what`.

        Rows that are lines of a large text (`LineRows`) become ordinary ones, unless the caller can do with `lines`.
        """
        rows = rows_of(value)
        if rows is None:
            raise Fault("type", f"{what} must be rows or a list, not {kind_of(value)}")
        return rows if lines else self.ordinary_rows(rows)

    def ordinary_rows(self, rows: Rows) -> Rows:
        """Rows whose columns are there: those of lines are read now, all of them, and charged for."""
        if not are_lines(rows):
            return rows
        size = sum(block.stop - block.start for block in rows.source.blocks)
        weight = 1 if rows.source.form is None else rows.source.form.weight
        self.work(size * weight, f"reading {len(rows):,} lines")
        self.hold(len(rows) * taken_memory(rows))
        return rows.opened(self.blobs)
