"""The variables of a run at one moment, as a value that the running turn and the recorder share.

A step's effect on the variables is a `Change`. It is computed once, when the step finishes, and applied twice: to the
variables that the turn under way sees, at once; and to those of the run's state, when the step commits. In between, a
step further down may have finished earlier than one above it, so for a while the two differ:

    a = sub_lm("?")      waits for its call
    b = 1                finished: the turn sees `b`; the state gets it only after `a`

Not here: where a value came from (`evaluation.taint.TaintedValue`), nor what a digest of a state commits to
(`run.steps.state.state_digest`).
"""

from collections.abc import ItemsView, Iterator, Mapping
from typing import Final

import msgspec

from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.records import Ref
from rlmlite_kernel.records.settings import Limits

UNKNOWN: Final = "unknown"
"""The kind of a variable that a step has failed to write, where that is withheld: see `effects.flow`."""


_ROW: Final = msgspec.json.Encoder()


class Variable(msgspec.Struct, frozen=True, eq=False):
    """A variable: its value, the ref of that value, its size in bytes, the turn that wrote it (0 for an input)."""

    data: TaintedValue
    kind: str
    ref: Ref
    size: int
    turn: int


class Change(msgspec.Struct, frozen=True, eq=False):
    """What one step does to the variables: it writes at most one, then drops some (forgotten ones, temporaries).

    `doubt` are the origins of what decided that it does not write `name` after all: the old value, if there is one, is
    there because of them.
    """

    name: str = ""
    variable: Variable | None = None
    dropped: tuple[str, ...] = ()
    doubt: int = 0


class Variables(Mapping[str, Variable]):
    """Variables by name, in the order in which they were first written. A change makes another value of this type."""

    def __init__(self, by_name: Mapping[str, Variable]) -> None:
        self._by_name: dict[str, Variable] = dict(by_name)
        # Beside the variables, since every step's context needs them in this form.
        self._data = {name: variable.data for name, variable in self._by_name.items()}
        self.size_bytes = sum(variable.size for variable in self._by_name.values())
        self._rows: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> Variable:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    # `Mapping` has these too, by way of `__getitem__`; every step of a turn asks for them.
    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def items(self) -> ItemsView[str, Variable]:
        """See `Mapping.items`."""
        return self._by_name.items()

    @property
    def data(self) -> Mapping[str, TaintedValue]:
        """The values by name, as actions read them."""
        return self._data

    def apply(self, change: Change) -> "Variables":
        """The variables after a step."""
        variable = change.variable
        doubted = self._by_name.get(change.name) if change.doubt else None
        if doubted is not None:
            variable = msgspec.structs.replace(doubted, data=doubted.data.taint(change.doubt))
        if variable is None and not change.dropped:
            return self
        # Without `__init__`, which would sum all sizes again: twice for every step.
        after = Variables.__new__(Variables)
        after._by_name, after._data, after.size_bytes = dict(self._by_name), dict(self._data), self.size_bytes
        after._rows = dict(self._rows)
        after._rows.pop(change.name, None)
        if variable is not None:
            overwritten = self._by_name.get(change.name)
            if overwritten is not None:
                after.size_bytes -= overwritten.size
            after._by_name[change.name], after._data[change.name] = variable, variable.data
            after.size_bytes += variable.size
        # Dropped after the write: the last step of a statement writes its variable, then drops what it was made of.
        for name in change.dropped:
            dropped = after._by_name.pop(name, None)
            after._rows.pop(name, None)
            if dropped is not None:
                del after._data[name]
                after.size_bytes -= dropped.size
        return after

    def rows(self) -> list[bytes]:
        """What a digest of a state commits to of each variable, by name: those that a step leaves alone are kept.

        The turn that wrote a variable is left out: it does not change what a program does with it. Origins are hex
        digits, since there may be more of them than the bits of a JSON number.
        """
        known = self._rows
        for name in self._by_name.keys() - known.keys():
            each = self._by_name[name]
            known[name] = encode_safely(_ROW, [name, each.kind, each.ref, each.size, hex(each.data.origins)])
        return [known[name] for name in sorted(self._by_name)]

    def has_name_for(self, name: str, limits: Limits) -> bool:
        """Whether a variable of this name can be written: it is there, or there may be one more."""
        return name in self._by_name or len(self._by_name) < limits.variables

    def room_fault(self, name: str, size: int, limits: Limits, held_bytes: int) -> Fault | None:
        """Why a variable of this size cannot be written; `held_bytes` are promised to nested runs under way."""
        before = self._by_name.get(name)
        if not self.has_name_for(name, limits):
            return Fault("budget", f"there are {limits.variables:,} variables already")
        # What is overwritten is given back.
        freed = 0 if before is None else before.size
        held = self.size_bytes - freed + held_bytes
        limit = limits.value_bytes
        if held + size <= limit:
            return None
        what = f"{size:,} more bytes would exceed the {limit:,} value_bytes of this run"
        return Fault("too_large", f"{what} ({held:,} are held)")
