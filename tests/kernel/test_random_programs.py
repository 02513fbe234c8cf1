"""Random programs against a plain dict of variables: nothing is lost, nothing leaks, nothing passes its limit."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rlmlite_kernel import Answered, Done, Entry, Limits, State, Suspended, Usage, advance, resume
from rlmlite_kernel.values import plain
from tests.kernel.running import Machine, all_bytes, parsed

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
    return left + right if type(left) is type(right) and left is not None else None


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
    st.builds(lambda t, x: Line(f'{t} = sub_lm("{{{x}}}")', t, (x,), lambda v: "told"), targets, sources),
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


def modelled(program: list[Line], before: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The variables after a program, and what became of each statement, by a plain reading of the rules."""
    variables, broken, known = dict(before), set[str](), set(before)
    outcomes: list[str] = []
    for line in program:
        outcome = "ok"
        if not known.issuperset(line.reads):
            outcome = "failed"
        elif broken & set(line.reads):
            outcome = "skipped"
        elif not variables.keys() >= set(line.reads):
            outcome = "failed"
        else:
            try:
                made = line.work(*(variables[name] for name in line.reads))
            except Refused:
                outcome = "failed"
            else:
                if line.text.startswith("forget"):
                    variables.pop(line.text[8], None)
                elif line.target is not None:
                    variables[line.target] = made
                    broken.discard(line.target)
        if line.target is not None:
            known.add(line.target)
            if outcome != "ok":
                broken.add(line.target)
        outcomes.append(outcome)
    return variables, outcomes


class Programs(RuleBasedStateMachine):
    """One run, and beside it a dict."""

    @initialize(tokens=st.sampled_from([None, 2_000]))
    def begin(self, tokens: int | None) -> None:
        limits = Limits(turns=1_000, tokens=None if tokens is None else 10 * tokens)
        self.machine = Machine({"nums": NUMS, "log": LOG}, limits=limits)
        self.variables: dict[str, Any] = {"nums": NUMS, "log": LOG}

    def played(self, state: State, text: str) -> tuple[Done, list[Entry]]:
        """A whole turn from a state, which is not the machine's own to change."""
        now = advance(state, parsed(text), self.machine.blobs)
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
        expected, outcomes = modelled(program, self.variables)

        assert self.seen_by(end.state) == expected, text
        assert self.outcomes(entries) == outcomes, text
        assert (before.digest, dict(before.used), dict(before.variables), self.seen_by(before)) == as_it_was
        assert all_bytes(same) == all_bytes(entries)
        assert again.observation == end.observation
        self.machine.done, self.variables = end, expected

    def seen_by(self, state: State) -> dict[str, Any]:
        """The variables of a state as plain values."""
        return {name: plain(variable.held.value, self.machine.blobs) for name, variable in state.variables.items()}

    @staticmethod
    def outcomes(entries: list[Entry]) -> list[str]:
        """What became of each statement: the status of its last step."""
        found: dict[int, str] = {}
        for entry in entries:
            step = msgspec.to_builtins(entry.record)
            if step["kind"] == "step":
                found[step["statement"]] = step["status"]
        return [found[number] for number in sorted(found)]

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


Programs.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
TestPrograms = Programs.TestCase
