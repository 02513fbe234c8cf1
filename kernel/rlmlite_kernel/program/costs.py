"""What a call of an action may use, and how large its result may be, as ranges known before anything runs.

A row of the action table holds a `CostRule` and, where something is known of it, a `SizeRule`; both read a
`PricedCall`. `run.steps.price` adds them up for a whole program and knows no action by name.

Example: for `answers = extract_over_chunks(parts, "{chunk}?")`, where `parts` is known to be 12 chunks of 96,000 bytes,
the rule "one call per row" gives 12 `sub_calls`, at least 96,000 `prompt_bytes`, and 12 answers of the role's longest
length; the size rule gives 12 rows of unknown text, from which the price of the next statement follows.

Not here: charging. What a step really uses is charged while it runs (`StepContext.charge`, `effects.reservations`). A
step that uses a budget which its action's rule does not name stops the run with `UndeclaredCostError`, so that a price
cannot be too low in silence.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.records.settings import REPAIR_ROLE, SUB_ROLE, Role


class UndeclaredCostError(RuntimeError):
    """An action used a budget that its row of the table does not name. A mistake of the host, not of the program."""


class Range(msgspec.Struct, frozen=True):
    """From `low` to `high`; a `high` of `None` means that no bound is known before the program runs."""

    low: int
    high: int | None

    def plus(self, other: "Range") -> "Range":
        """The range of the two together."""
        low = self.low + other.low
        # A sum has no known bound if one of its parts has none.
        if self.high is None or other.high is None:
            return Range(low, None)
        return Range(low, self.high + other.high)

    def up_to(self, most: int | None) -> "Range":
        """The same, cut off at `most`, if there is such a bound."""
        if most is None:
            return self
        high = most if self.high is None else min(self.high, most)
        return Range(min(self.low, most), high)

    def groups_of(self, size: int | None) -> "Range":
        """How many groups of at most `size` it makes: 41 rows, 20 at a time, make 3. `None` is a size not known."""
        if size is None:
            # All in one group, or each in its own.
            return Range(min(self.low, 1), self.high)
        # `-(-n // size)` is n / size rounded up, without the rounding errors of floats.
        fewest = -(-self.low // size)
        most = None if self.high is None else -(-self.high // size)
        return Range(fewest, most)

    def at_most(self) -> "Range":
        """From nothing to the same upper bound."""
        return Range(0, self.high)


def exactly(amount: int) -> Range:
    """An amount that is known."""
    return Range(amount, amount)


ANY_AMOUNT = Range(0, None)
"""An amount about which nothing is known."""


class Extent(msgspec.Struct, frozen=True):
    """What is known of the extent of a value: how many rows or items it has, and how many bytes of text.

    A single text, or any other single value, has one row.
    """

    rows: Range
    text_bytes: Range

    @property
    def is_single(self) -> bool:
        """Whether it is a single value, or rows that are known to be one."""
        return self.rows == exactly(1)


UNKNOWN = Extent(ANY_AMOUNT, ANY_AMOUNT)
"""The extent of a value about which nothing is known."""


class PricedCall(msgspec.Struct, frozen=True, eq=False):
    """One call as its rules see it: nothing has run.

    `arguments` are the expressions that the call gives, by parameter; `extra` names its further named arguments.
    `constants` are the arguments whose value is known: literals, and the defaults of parameters that are not given.
    `left` is what is left of a budget.
    """

    arguments: Mapping[str, Expr]
    extra: frozenset[str]
    constants: Mapping[str, Any]
    first_param: str
    extent_of: Callable[[Expr], Extent]
    roles: Mapping[str, Role]
    left: Callable[[str], int]

    def extent(self, param: str) -> Extent:
        """What is known of an argument's extent."""
        node = self.arguments.get(param)
        return UNKNOWN if node is None else self.extent_of(node)

    @property
    def subject(self) -> Extent:
        """What is known of the first parameter's argument, which most actions work on."""
        return self.extent(self.first_param)

    def whole_number(self, param: str) -> int | None:
        """An argument that is known to be this number; `None` if it is null, or computed by the program."""
        value = self.constants.get(param)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return value if is_whole else None

    @property
    def has_window(self) -> bool:
        """Whether the model that is asked has a window that is known, as far as the call says which one it is."""
        name = self.constants.get("role")
        asked = self.roles.values() if name is None else [self.roles[name]] if name in self.roles else []
        return any(role.window is not None for role in asked)

    def model_calls(self, count: Range, text: Range = ANY_AMOUNT) -> dict[str, Range]:
        """What `count` calls of a model use. `text` is the number of bytes that their prompts are known to contain.

        Answers count with the longest that the role allows, since that is what is reserved for them. Calls that ask for
        a form (a `schema`) may each be followed by a second one: see `effects.second_tries`.
        """
        if "schema" in self.arguments:
            count = Range(count.low, None if count.high is None else 2 * count.high)
        # A role that is computed, or that no model plays, has no answers of a known length; the step may still fail.
        role = self.roles.get(self.constants.get("role", SUB_ROLE))
        longest_answer = 0 if role is None else role.max_output_tokens
        repair = self.roles.get(REPAIR_ROLE, role)
        longest_repair = 0 if repair is None else repair.max_output_tokens
        most_tokens = None if count.high is None else count.high * max(longest_answer, longest_repair)
        return {
            "sub_calls": count,
            # No upper bound: a template's own words, and its other placeholders, come on top.
            "prompt_bytes": Range(text.low, None),
            "output_tokens": Range(count.low * longest_answer, most_tokens),
        }


SizeRule: TypeAlias = Callable[[PricedCall], Extent]
"""From a call to what is known of the extent of its result."""


class CostRule(msgspec.Struct, frozen=True):
    """What a call of an action may use besides the one step that every call is.

    `words` says it to people, in the reference. `budgets` names every budget of `Limits` that a call may use.
    `ranges` gives what is known of the amounts; a budget that it leaves out may be used to any amount.
    """

    words: str
    budgets: tuple[str, ...] = ()
    ranges: Callable[[PricedCall], Mapping[str, Range]] | None = None

    def uses(self, call: PricedCall) -> dict[str, Range]:
        """What a call may use, by budget; a budget that it is known not to use is left out."""
        known = {} if self.ranges is None else self.ranges(call)
        unnamed = sorted(known.keys() - set(self.budgets))
        if unnamed:
            raise UndeclaredCostError(f"the cost `{self.words}` gives a range for {unnamed[0]}, but does not name it")
        # In the order of `budgets`, which is the order in which a price lists them.
        amounts = {name: known.get(name, ANY_AMOUNT) for name in self.budgets}
        return {name: amount for name, amount in amounts.items() if amount != exactly(0)}


MODEL_BUDGETS = ("sub_calls", "prompt_bytes", "output_tokens")
"""The budgets that a call of a model uses before it goes out."""

CHECKED_BUDGETS = frozenset(("turns", "tool_calls", "chunks", "search_work", *MODEL_BUDGETS))
"""The budgets that a row has to name if its action uses them. `steps` is every action's, and so is the `search_work` of
looking at many rows (`StepContext.work`); `tokens` and `cost_nano` are settled when a model has answered, and bytes of
values are what the values have."""

FREE = CostRule("free")
"""Uses nothing but its step."""

SEARCH_WORK = CostRule("search_work", ("search_work",))
"""Reads an unknown amount of text."""

WHOLE_TEXT = CostRule("search_work", ("search_work",), lambda call: {"search_work": Range(_text(call).low, None)})
"""Reads the whole text of its first argument at least once."""

ONE_TOOL_CALL = CostRule("tool_calls", ("tool_calls",), lambda call: {"tool_calls": exactly(1)})
"""Calls one of the host's tools once."""

ONE_MODEL_CALL = CostRule("sub_calls, tokens", MODEL_BUDGETS, lambda call: call.model_calls(exactly(1)))
"""Asks a model once."""

CALL_PER_ROW = CostRule("sub_calls, tokens", MODEL_BUDGETS, lambda call: call.model_calls(call.subject.rows))
"""Asks a model once for each row of the first argument."""


def _text(call: PricedCall) -> Range:
    return call.subject.text_bytes


def unknown_size(call: PricedCall) -> Extent:
    """Nothing is known about the extent of the result."""
    return UNKNOWN


def same_size(call: PricedCall) -> Extent:
    """As many rows and as much text as the first argument has."""
    return call.subject


def same_rows(call: PricedCall) -> Extent:
    """As many rows as the first argument has, of other content."""
    return Extent(call.subject.rows, ANY_AMOUNT)


def fewer_rows(call: PricedCall) -> Extent:
    """At most as many rows as the first argument has, of other content."""
    return Extent(call.subject.rows.at_most(), ANY_AMOUNT)


def part_of_it(call: PricedCall) -> Extent:
    """At most as many rows and as much text as the first argument has."""
    return Extent(call.subject.rows.at_most(), call.subject.text_bytes.at_most())
