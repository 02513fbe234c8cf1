"""Rows that are lines of large texts: what they are must not depend on whether their columns are held, or on blocks."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rlmlite_kernel import ACTIONS, Limits
from rlmlite_kernel.engines.bytes.threads import threads, use_threads
from rlmlite_kernel.engines.lines import arrow_groups, blocks
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.testing.laws.outcomes import columns_from
from rlmlite_kernel.values.lines import kind
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.values import Rows, Value, descriptor
from tests.kernel.machine import Machine
from tests.sizes import scale

LINES = scale(200)
"""Lines of the text that every look is tried on: over forty blocks of 200 bytes here, thousands in the sweep."""

HELD = 1 << 60
"""More bytes than any text here has: all columns are held."""


@contextmanager
def lines_from(size: int, block: int = 4_096) -> Iterator[None]:
    """Texts from so many bytes on are read by recipe, in blocks of so many bytes."""
    large, default = kind.LARGE, blocks.cut_blocks.__defaults__
    kind.LARGE, blocks.cut_blocks.__defaults__ = size, (block,)
    try:
        yield
    finally:
        kind.LARGE, blocks.cut_blocks.__defaults__ = large, default


def _log(seed: int, lines: int = 400) -> str:
    draw = random.Random(seed)
    made: list[str] = []
    for line in range(lines):
        if draw.random() < 0.06:
            made.append(draw.choice(["", "a line of no form", "# x y z\r", "héllo wörld", "x" * 300]))
            continue
        level, user = draw.choice(["INFO", "WARN", "ERROR"]), draw.randrange(30)
        took = draw.choice([str(draw.randrange(1_000)), f"{draw.random():.3f}", "n/a", "-7", "9" * 25])
        made.append(f"2026-03-{line % 28 + 1:02d} {level} user{user} took {took} ms é{line}")
    return "\n".join(made) + draw.choice(["", "\n", "\n\n"])


MAKE = 'p = parse_lines(context, "{day} {level} {user} took {ms} ms {tail}")\n'
NARROW = (
    'e = where(p, .level == "ERROR")',
    'e = where(p, .user in ["user1", "user7"] or .line > 150)',
    "e = where(extend(p, {n: int(.ms)}), .n > 500)",
    "e = p.unmatched",
    "e = where(p, .nosuch == 3)",
    "e = sort(p, by=[user, -line])",
    "e = top(p, 50, by=.ms)",
    "e = p[7:120]",
    "e = distinct(p, by=[day, level])",
)
LOOK = (
    "x = count(e)",
    "x = count_by(e, .text)",
    "x = count_by(e, level)",
    "x = group(e, .text[0:10], {n: count(), f: first(.line), l: last(.start), lo: min(.text), hi: max(.end)})",
    "x = group(p, user, {s: sum(.ms), a: avg(.line), m: median(.line), q: percentile(.end, 90), c: count(.ms)})",
    "y = extend(p, {n: float(.ms)})\nx = group(y, level, {s: sum(.n), a: avg(.n), lo: min(.n), m: median(.n)})",
    "y = extend(p, {n: int(.ms), line: .line * 2})\nx = [sum(y.n), avg(y.line), percentile(y.n, 50), max(y.ms)]",
    'x = group(e, .text[0:12], {c: collect(.line), t: concat(.text, "|"), j: concat(.text), u: collect(upper(.text))})',
    'x = [concat(e.text), concat(e.line, ","), collect(e.text)[0:5]]',
    "x = sort(e, by=.text, desc=true)",
    "x = sort(e, by=-.line)[0:9]",
    "x = top(e, 5, by=.text)",
    "x = top(count_by(e, .line % 7), 3, by=n)",
    "x = distinct(e, by=.text[0:3])",
    "x = map(e, .text[0:4])",
    'x = map(e, {a: .line, b: .text contains "ERROR"})',
    "x = where(map(e, .line), .value % 2 == 0)",
    "x = [first(e), last(e), e[3], sample(e, 4, seed=2)]",
    "x = join(e[0:20], distinct(p, by=day), on=line)",
    "x = union(e, p.unmatched)",
    "x = minus(p, e, on=line)",
    "x = zip(e, p)",
    "x = search(e, /1\\d/)",
    "x = e.text",
    'x = where(p, .text[5:7] == "03" and .line > 9)',
    "x = where(e, .text matches /user1\\d/ and .line > 10)",
    "x = where(p, .line > 150 or .tail not matches /é[13]/)",
    "x = count_by(p, .day[0:7])",
    "x = count_by(e, .text[2:40])",
    "x = where(p, .user matches /^user\\d$/)",
    'x = render(e[0:5], "{line}: {text}")',
    "show(e)",
    "preview(e, tail=4)",
)

ENDS = (
    "final(e.line, evidence=e)",
    "final(count(e))",
    "final(group(e, .line % 3, {n: count()}), evidence=e)",
)


def _state_of(machine: Machine, program: str) -> tuple[str, object, object, object]:
    observation = machine.turn(program)
    values = {name: machine.value(name) for name in sorted(machine.state.variables) if name != "context"}
    seal = [entry.record for entry in machine.entries][-1]
    evidence = getattr(getattr(seal, "answer", None), "evidence", None)
    return observation, values, machine.state.coverage.report(), evidence


@pytest.mark.parametrize("narrow", NARROW)
def test_lines_by_recipe_are_what_lines_with_columns_are(narrow: str) -> None:
    """Values, observations, coverage and evidence are the same, whatever blocks the text is read in."""
    log = _log(NARROW.index(narrow), LINES)
    looks = "\n".join(look.replace("x = ", f"x{number} = ") for number, look in enumerate(LOOK))
    for program in (f"{MAKE}{narrow}\n{looks}\n{end}\n" for end in ENDS[: scale(1)]):
        with lines_from(HELD):
            held = _state_of(Machine({"context": log}), program)
        for block, many in ((900, 1), (200, 10**9), (1 << 20, 1_000))[: scale(2)]:
            with lines_from(0, block), columns_from(many):
                machine = Machine({"context": log})
                assert _state_of(machine, program) == held, (program, block)
                assert isinstance(machine.state.variables["p"].data.value, LineRows)


def test_lines_of_several_documents_are_by_recipe_too() -> None:
    """Each line has its document, and its number in it."""
    documents = {f"{name}.log": _log(seed, 60) for seed, name in enumerate("abc")}
    program = f"{MAKE}e = where(p, .line > 20)\nx = count_by(e, doc)\ny = top(e, 5, by=line)\nshow(e)\n"
    with lines_from(HELD):
        held = _state_of(Machine({"context": documents}), program)
    with lines_from(0, 500):
        assert _state_of(Machine({"context": documents}), program) == held


def test_no_result_depends_on_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow the same lines match, with the same groups, at the same charge."""
    program = f"{MAKE}{NARROW[0]}\n{LOOK[4]}\n"
    with lines_from(0):
        fast = Machine({"context": _log(1)})
        fast.turn(program)
        monkeypatch.setattr(arrow_groups, "arrow", lambda: None)
        slow = Machine({"context": _log(1)})
        slow.turn(program)
    assert slow.ran() == fast.ran()


def test_no_result_depends_on_threads() -> None:
    """Blocks are read ahead by threads, and taken in their order."""
    before = threads()
    runs = []
    for number in (1, 3):
        use_threads(number)
        try:
            with lines_from(0, 700):
                machine = Machine({"context": _log(2)})
                machine.turn(f"{MAKE}{NARROW[1]}\n{LOOK[3]}\n")
                runs.append(machine.ran())
        finally:
            use_threads(before)
    assert runs[0] == runs[1]


def test_lines_are_charged_for_what_they_hold() -> None:
    """A bit for each line, and what the step makes of them; not what was looked at."""
    with lines_from(0, 4_096):
        machine = Machine({"context": "10 ms\n" * 40_000}, limits=Limits(value_bytes=40_000))
        machine.turn('p = parse_lines(context, "{n} ms")\nx = extend(p, {m: int(.n)})\ns = sum(x.m)')
    assert machine.codes() == ["", "", ""]
    assert machine.value("s") == 400_000
    # Two bits for each line and 64 bytes for each block, of which there are 59, for three variables.
    assert machine.state.used["value_bytes"] < 26_000


def test_what_would_not_fit_as_columns_is_refused_and_says_so() -> None:
    """An action that needs all columns at once asks for the room first."""
    with lines_from(0, 1 << 20):
        machine = Machine({"context": "10 ms\n" * 40_000}, limits=Limits(value_bytes=40_000))
        observation = machine.turn('p = parse_lines(context, "{n} ms")\nj = join(p, p, on=n)')
    assert machine.codes()[-1] == "too_large"
    assert "40,000 value_bytes" in observation


def test_a_pass_that_runs_out_of_work_says_where() -> None:
    """What was read up to there is a partial result; the rest is unseen."""
    with lines_from(0, 10_000):
        machine = Machine({"context": "10 ms\n" * 20_000}, limits=Limits(search_work=100_000))
        observation = machine.turn('p = parse_lines(context, "{n} ms")\nn = count(p)')
    # Five blocks of 9,996 bytes, each charged twice.
    assert machine.value("n") == 5 * 1_666
    assert "bytes 49,980..120,000 and everything after them are unseen" in observation
    assert machine.state.coverage.report()["context"]["unseen"] > 0


def test_the_ref_of_lines_commits_to_which_they_are() -> None:
    """Another text, form, condition or expression has another ref; other blocks do not."""

    def committed(program: str, text: str = _log(3), block: int = 512) -> bytes:
        with lines_from(0, block):
            machine = Machine({"context": text})
            machine.turn(f"{MAKE}{program}")
            return descriptor(machine.state.variables["x"].data.value)

    programs = (
        "x = p",
        'x = where(p, .level == "ERROR")',
        'x = where(p, .level == "INFO")',
        "x = extend(p, {n: 1 + .line})",
        "x = extend(p, {n: 2 + .line})",
        "k = 2\nx = extend(p, {n: k + .line})",
        "k = 3\nx = extend(p, {n: k + .line})",
        "x = sort(p, by=.line)",
        "x = sort(p, by=-.line)",
        "x = p.level",
        "x = p.unmatched",
    )
    refs = [committed(program) for program in programs] + [committed("x = p", _log(4))]
    assert len(set(refs)) == len(refs)
    assert [committed(program, block=90) for program in programs] == refs[:-1]


@pytest.mark.parametrize("part", ["context", "context[30:4000]", "context[31:]"])
def test_all_lines_of_a_large_text_are_by_recipe(part: str) -> None:
    """`log.lines` has the same rows, numbers and places, of a part of a text too, whatever its end."""
    log = _log(5)
    program = (
        f't = {part}\nl = t.lines\nx = count_by(l, .text[0:4])\ny = where(l, .text contains "ERROR")\n'
        "z = [count(l), first(l), last(l), l[7], max(l.end)]\nfinal(y.line, evidence=y)\n"
    )
    with lines_from(HELD):
        held = _state_of(Machine({"context": log}), program)
    for block in (100, 1 << 20):
        with lines_from(0, block), columns_from(1):
            machine = Machine({"context": log})
            assert _state_of(machine, program) == held
            assert isinstance(machine.state.variables["l"].data.value, LineRows)


def test_an_action_of_a_host_is_given_rows_with_columns() -> None:
    """What it gets are ordinary rows, copies as of any value; an argument that holds such rows too."""
    seen: list[type] = []

    def look(context: StepContext, rows: Value, more: Value) -> Value:
        assert isinstance(rows, Rows)
        assert isinstance(more, list)
        assert isinstance(more[0], Rows)
        seen.extend((type(rows), type(more[0])))
        return [len(rows), rows.row(3, context.blobs), more[0].row(0, context.blobs)]

    params = (Param("rows", "any", "rows"), Param("more", "any", "a list"))
    action = Action(name="look", family="ours", params=params, run=look, result="a list", help="looks at rows")
    table = Table((*ACTIONS.values(), action))
    with lines_from(0, 300):
        machine = Machine({"context": _log(6)}, table=table)
        machine.turn(f"{MAKE}x = look(p, [p, 1])\ny = [count(p), p[3], p[0]]")
    assert machine.codes()[-2:] == ["", ""]
    assert machine.value("x") == machine.value("y")
    assert seen == [Rows, Rows]
