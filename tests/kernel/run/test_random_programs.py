"""Random programs against a plain dict of variables: nothing is lost, nothing leaks, nothing passes its limit."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rlmlite_kernel import Answered, Done, Entry, Limits, State, Suspended, Usage, advance, resume
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.testing.play.turns import entry_bytes
from rlmlite_kernel.values.values import to_json
from tests.kernel.machine import Machine, parse_program
from tests.sizes import scale

NUMS = [3, 1, 2]
LOG = "one ERROR\ntwo\n"
NAMES = ("a", "b", "c", "d")


class Refused(Exception):
    """A statement that fails while it runs."""


class Line(NamedTuple):
    """A statement: its text, what it writes, what it reads, what it makes of that."""

    text: str
    target: str | None
    reads: tuple[str, ...]
    work: Callable[..., Any]


def joined(left: Any, right: Any) -> Any:
    if left is not None and right is not None and type(left) is not type(right):
        raise Refused
    return left + right if left is not None and right is not None else None


def counted(value: Any) -> int:
    if isinstance(value, int):
        raise Refused
    return 0 if value is None else len(value)


def listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused
    return value


def order(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value) if isinstance(value, int) else (2, value)


def sliced(value: Any) -> Any:
    if isinstance(value, int):
        raise Refused
    return None if value is None else value[1:3]


def no_value() -> Any:
    raise Refused


sources = st.sampled_from((*NAMES, "nums", "log"))
targets = st.sampled_from(NAMES)
lines: st.SearchStrategy[Line] = st.one_of(
    st.builds(lambda t, n: Line(f"{t} = {n}", t, (), lambda: n), targets, st.integers(-5, 5)),
    st.builds(lambda t, n: Line(f"{t} = {n}", t, (), lambda: n), targets, st.lists(st.integers(-5, 5), max_size=3)),
    st.builds(lambda t, x: Line(f"{t} = {x}", t, (x,), lambda v: v), targets, sources),
    st.builds(lambda t, x: Line(f'write_var("{t}", {x})', t, (x,), lambda v: v), targets, sources),
    st.builds(lambda t, x, y: Line(f"{t} = {x} + {y}", t, (x, y), joined), targets, sources, sources),
    st.builds(lambda t, x: Line(f"{t} = count({x})", t, (x,), counted), targets, sources),
    st.builds(lambda t, x: Line(f"{t} = {x}[1:3]", t, (x,), sliced), targets, sources),
    st.builds(lambda t, x: Line(f"{t} = sort({x})", t, (x,), lambda v: sorted(listed(v), key=order)), targets, sources),
    st.builds(
        lambda t, x, n: Line(
            f"{t} = where({x}, .value > {n})",
            t,
            (x,),
            lambda v: [item for item in listed(v) if isinstance(item, int) and item > n],
        ),
        targets,
        sources,
        st.integers(-2, 3),
    ),
    st.builds(
        lambda t, x: Line(
            f"{t} = count(map(sort({x}), .value)) + 1", t, (x,), lambda v: len(sorted(listed(v), key=order)) + 1
        ),
        targets,
        sources,
    ),
    st.builds(lambda t, x: Line(f'{t} = sub_lm("Of {{{x}}}?")', t, (x,), lambda v: "told"), targets, sources),
    st.builds(
        lambda t, x: Line(f'{t} = extract_over_chunks({x}, "{{value}}")', t, (x,), lambda v: ["told"] * len(listed(v))),
        targets,
        sources,
    ),
    st.builds(lambda t: Line(f'{t} = json_parse("no")', t, (), no_value), targets),
    st.builds(lambda t: Line(f"{t} = nothing_of_this_name", t, ("nothing_of_this_name",), lambda v: v), targets),
    st.builds(lambda x: Line(f"show({x})", None, (x,), lambda v: v), sources),
    st.builds(lambda x: Line(f'forget("{x}")', None, (), lambda: None), targets),
)


class Model:
    """A plain reading of the rules: what a program does to a dict, and what becomes of each statement."""

    def __init__(self, before: dict[str, Any]) -> None:
        self.variables, self.known = dict(before), set(before)
        self.broken: set[str] = set()

    def run(self, program: list[Line]) -> list[str]:
        """The outcomes; `variables` are then those after it."""
        outcomes: list[str] = []
        for line in program:
            outcomes.append(self.outcome(line))
            if line.target is not None:
                self.known.add(line.target)
                (self.broken.discard if outcomes[-1] == "ok" else self.broken.add)(line.target)
        return outcomes

    def outcome(self, line: Line) -> str:
        """What becomes of one statement."""
        if not self.known.issuperset(line.reads):
            return "failed"
        if self.broken.intersection(line.reads):
            return "skipped"
        try:
            made = line.work(*(self.variables[name] for name in line.reads))
        except (Refused, KeyError):
            return "failed"
        if line.text.startswith("forget"):
            if self.variables.pop(line.text[8], self) is self:
                return "failed"
        elif line.target is not None:
            self.variables[line.target] = made
        return "ok"


class Programs(RuleBasedStateMachine):
    """One run, and beside it a dict."""

    @initialize()
    def begin(self) -> None:
        self.machine = Machine({"nums": NUMS, "log": LOG}, limits=Limits(turns=1_000))
        self.variables: dict[str, Any] = {"nums": NUMS, "log": LOG}

    def played(self, state: State, text: str) -> tuple[Done, list[Entry]]:
        """A whole turn from a state, which is not the machine's own to change."""
        now = advance(state, parse_program(text), self.machine.blobs)
        entries = list(now.entries)
        while isinstance(now, Suspended):
            now = resume(now, [Answered("told", Usage(1, 1))] * len(now.requests), self.machine.blobs)
            entries.extend(now.entries)
        return now, entries

    @rule(program=st.lists(lines, min_size=1, max_size=5))
    def turn(self, program: list[Line]) -> None:
        text = "\n".join(line.text for line in program)
        before = self.machine.state
        as_it_was = (before.digest, dict(before.used), dict(before.variables), self.seen_by(before))
        end, entries = self.played(before, text)
        again, same = self.played(before, text)
        model = Model(self.variables)
        outcomes = model.run(program)

        assert self.seen_by(end.state) == model.variables, text
        assert self.outcomes(entries) == outcomes, text
        assert (before.digest, dict(before.used), dict(before.variables), self.seen_by(before)) == as_it_was
        assert entry_bytes(same) == entry_bytes(entries)
        assert again.observation == end.observation
        self.machine.done, self.variables = end, model.variables

    def seen_by(self, state: State) -> dict[str, Any]:
        """The variables of a state as plain values."""
        return {name: to_json(variable.data.value, self.machine.blobs) for name, variable in state.variables.items()}

    @staticmethod
    def outcomes(entries: list[Entry]) -> list[str]:
        """What became of each statement: ok, or the status of the first of its steps that was not."""
        found: dict[int, str] = {}
        for step in (entry.record for entry in entries if isinstance(entry.record, Step)):
            if found.get(step.statement, "ok") == "ok":
                found[step.statement] = step.status
        return list(found.values())

    @invariant()
    def nothing_passes_its_limit(self) -> None:
        state = self.machine.state
        limits = msgspec.structs.asdict(state.settings.limits)

        assert all(limits[name] is None or state.used.get(name, 0) <= limits[name] for name in limits)
        assert state.used["value_bytes"] == sum(variable.size for variable in state.variables.values())

    @invariant()
    def inputs_stay(self) -> None:
        assert self.variables["nums"] == [3, 1, 2]
        assert self.machine.value("nums") == [3, 1, 2]


Programs.TestCase.settings = settings(max_examples=scale(40), stateful_step_count=15)
TestPrograms = Programs.TestCase
