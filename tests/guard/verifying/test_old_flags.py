"""A run that leaves out the flags of today's guards: its replay is bounded all the same, and no stranger's goes on.

`hostile` makes the trace that a forger would: whole and well chained, of a run without any flag, whose program does far
more than the reader allows. Nobody has executed that program; the records of its steps are those of another one.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rlmlite import Session
from rlmlite.cli.output.exits import Exit
from rlmlite.clients.interface.placeholders import BY_HAND
from rlmlite.errors import SettingError
from rlmlite_grammar import parse
from rlmlite_kernel import Done, Limits, Role, RunKey, Settings, Suspended, advance, begin, seal
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, FLAGS, GUARDS
from rlmlite_traces import CheckedTrace, FileBlobs, Log, OverLimitError, ReaderLimits, Verdict, replay, verify
from tests.rlmlite.cli.commands import rlmlite
from tests.traces.replays import real_runs

UNCHARGED = tuple(flag for flag in FLAGS if flag != CHARGED_BEFORE)
WORK = ReaderLimits(uncharged_work=10_000_000)
SIZE = ReaderLimits(uncharged_bytes=1_000_000)
LONG = "ERROR " * 30_000
"""180 kilobytes in one line."""
LINES = "key value\n" * 20_000


def hostile(path: Path, program: str, flags: Sequence[int] = ()) -> CheckedTrace:
    """The trace of a run with these flags that claims to have executed a program."""
    blobs = FileBlobs()
    inputs = {"line": real_runs.text_input(LONG, blobs), "lines": real_runs.text_input(LINES, blobs)}
    begun = begin(inputs, real_runs.settings(), RunKey(real_runs.KEY), grammar="0" * 64, flags=flags)
    # Before its first step, so that only the record of the turn is there.
    suspended = advance(begun.state, parse(program), blobs, stepwise=True)
    harmless = advance(begun.state, parse("a = 1\nb = 2"), blobs)
    assert isinstance(suspended, Suspended)
    assert isinstance(harmless, Done)
    with Log.create(path, real_runs.KEY) as log:
        log.extend([*begun.entries, *suspended.entries, *harmless.entries[1:], seal(harmless.state)])
    return verify(path)


def doubled(times: int) -> str:
    """A list of lists of one list: a tree of 2^times leaves that takes no memory itself."""
    return "\n".join(["x0 = [1, 1]", *(f"x{n + 1} = [x{n}, x{n}]" for n in range(times)), f"n = x{times} == x{times}"])


REFS = "refs = map(range(1000), pick(.value % 2 == 0, line, lines))\n"
TOO_MUCH_WORK = {
    "an action for each row": "x = map(range(1000000), first(sample(range(1000), 100)))",
    "an expression for each row": 'x = map(range(1000000), str(.value) + "a" + str(.value))',
    "a condition for each row": "x = where(range(1000000), str(.value) in [str(1), str(2)])",
    "a sort of references": REFS + "x = sort(refs, by=.value)",
    "distinct references": REFS + "x = unique(refs)",
    "groups of references": REFS + "x = group(refs, .value, {n: count()})",
    "a search in each row": REFS + 'x = where(refs, .value contains "zzz")',
    "a length of each row": REFS + "x = map(refs, len(.value))",
    "upper case of each row": REFS + "x = map(refs, upper(.value))",
    "parts of each row": REFS + 'x = map(refs, split(.value, " "))',
    "a replacement in each row": REFS + 'x = map(refs, replace(.value, "ERROR", "x"))',
    "pairs": "a = map(range(3000), {k: 1})\nx = join(a, a, on=.k, limit=1000000000)",
    "items of lists": "a = range(1000)\nx = flatten(map(range(10000), a))",
    "a list that is looked through": "a = map(range(20000), str(.value))\nx = where(a, a contains str(.value))",
}
TOO_MUCH_MEMORY = {
    "a doubled list": doubled(24),
    "a doubled list, long": doubled(60),
    "a list in each row": "a = map(range(1000), str(.value))\nx = map(range(1000), a)",
    "many short texts": "x = map(range(200000), str(.value))",
    "pairs": "a = map(range(3000), {k: 1})\nx = join(a, a, on=.k, limit=1000000000)",
    "chunks of a byte": 'x = chunk(lines, size=1, by="bytes")',
    "chunks at every character": "x = chunk(lines, by=/./)",
    "a form that matches everywhere": "x = parse_lines(line, /(?<a>E)?(?<b>R)?./)",
    "a replacement of every character": 'x = replace(lines, /(.)/, "$1$1")',
    "rows that overlap": 'a = map(range(1000), line[.value:])\nx = rank(a, "ERROR")',
}


def time_of_refusal(trace: CheckedTrace, limits: ReaderLimits) -> tuple[str, float]:
    """By which limit a replay was refused, and after how many seconds of this process."""
    began = time.process_time()
    with pytest.raises(OverLimitError) as refused:
        replay(trace, limits=limits)
    assert f"--allow {refused.value.bound}=" in str(refused.value)
    return refused.value.bound, time.process_time() - began


@pytest.mark.parametrize("program", TOO_MUCH_WORK.values(), ids=TOO_MUCH_WORK.keys())
@pytest.mark.parametrize("flags", [(), UNCHARGED], ids=["no flags", "all but the charge"])
def test_work_without_a_charge_ends_at_the_readers_limit(tmp_path: Path, program: str, flags: tuple[int, ...]) -> None:
    """Within a moment, by the limit's name, and never as a forgery."""
    bound, seconds = time_of_refusal(hostile(tmp_path / "run.rlm", program, flags), WORK)

    assert bound == "uncharged_work"
    assert seconds < 2


@pytest.mark.parametrize("program", TOO_MUCH_MEMORY.values(), ids=TOO_MUCH_MEMORY.keys())
def test_memory_without_a_charge_ends_at_the_readers_limit(tmp_path: Path, program: str) -> None:
    """Before the memory is taken."""
    bound, seconds = time_of_refusal(hostile(tmp_path / "run.rlm", program), SIZE)

    assert bound == "uncharged_bytes"
    assert seconds < 2


def test_more_is_allowed_by_name(tmp_path: Path) -> None:
    """An honest run of an older version passes within the defaults; a reader who allows less can allow more."""
    blobs = FileBlobs()
    inputs = {"line": real_runs.text_input(LONG, blobs)}
    begun = begin(inputs, real_runs.settings(), RunKey(real_runs.KEY), grammar="0" * 64, flags=())
    done = advance(begun.state, parse("x = sum(map(range(2000), .value * 2))\nfinal(x)"), blobs)
    assert isinstance(done, Done)
    with Log.create(tmp_path / "run.rlm", real_runs.KEY) as log:
        log.extend([*begun.entries, *done.entries, seal(done.state)])
    trace = verify(tmp_path / "run.rlm")

    assert replay(trace).verdict is Verdict.REPRODUCED
    with pytest.raises(OverLimitError, match=r"uncharged_work: .* needs at least"):
        replay(trace, limits=ReaderLimits(uncharged_work=100))
    assert replay(trace, limits=ReaderLimits(uncharged_work=10_000_000)).verdict is Verdict.REPRODUCED


def test_a_charged_run_has_its_own_limits(tmp_path: Path) -> None:
    """What a run is charged for is not counted twice."""
    trace = hostile(tmp_path / "run.rlm", "x = map(range(1000), .value * 2)\ny = 2", tuple(FLAGS))

    assert replay(trace, limits=ReaderLimits(uncharged_work=1, uncharged_bytes=1)).verdict is Verdict.FORGED


def strange_session(path: Path, flags: Sequence[int]) -> None:
    """A session with these flags that nobody began here, with a program under way."""
    settings = Settings(limits=Limits(), roles={name: Role(model=BY_HAND) for name in ("controller", "sub")})
    blobs = FileBlobs()
    inputs = {"line": real_runs.text_input(LONG, blobs)}
    begun = begin(inputs, settings, RunKey(real_runs.KEY), grammar="0" * 64, flags=flags)
    suspended = advance(begun.state, parse('x = len(line)\ny = sub_lm("a")'), blobs)
    assert isinstance(suspended, Suspended)
    with Log.create(path, real_runs.KEY) as log:
        log.extend([*begun.entries, *suspended.entries])


GOING_ON = (
    ("session", "exec", "{}", "-e", "z = 1"),
    ("session", "resume", "{}"),
    ("session", "pending", "{}"),
    ("session", "show", "{}"),
    ("ask", "why?", "--session", "{}"),
)
LACKING = {f"without {flag}": tuple(each for each in FLAGS if each != flag) for flag in GUARDS}


@pytest.mark.parametrize("flags", [(), *LACKING.values()], ids=["none", *LACKING])
@pytest.mark.parametrize("command", GOING_ON, ids=lambda command: " ".join(command[:2]))
def test_a_session_without_the_guards_goes_on_only_if_it_is_trusted(
    tmp_path: Path, command: tuple[str, ...], flags: tuple[int, ...]
) -> None:
    """The message says what the old rules let it do, and the two ways on. `show` would execute what is under way."""
    path = tmp_path / "s.rlm"
    strange_session(path, flags)
    before = (path / "trace.jsonl").read_bytes()

    words = [word.format(path) for word in command]
    refused = rlmlite(*words)

    assert refused.exit_code == Exit.USAGE
    assert "follows rules of an older version, which let" in refused.output
    assert f"rlmlite trust {path}" in " ".join(refused.output.split())
    assert (path / "trace.jsonl").read_bytes() == before
    trusted = rlmlite("trust", str(path), "--yes")
    assert "it follows rules of an older version" in " ".join(trusted.output.split())
    assert "older version" not in rlmlite(*words).output


def test_a_session_with_the_guards_is_asked_nothing(tmp_path: Path) -> None:
    """Another flag may be missing: it guards nobody."""
    strange_session(tmp_path / "s.rlm", tuple(GUARDS))

    assert rlmlite("session", "pending", str(tmp_path / "s.rlm")).exit_code == Exit.COMPLETED


@pytest.mark.parametrize("command", ["abandon", "seal"])
def test_a_session_without_the_guards_can_be_ended(tmp_path: Path, command: str) -> None:
    """Nothing more is executed for it."""
    strange_session(tmp_path / "s.rlm", ())

    assert "older version" not in rlmlite("session", command, str(tmp_path / "s.rlm")).output


def test_a_session_in_python_is_refused_as_well(tmp_path: Path) -> None:
    """So is `ask`: `Session(...)` itself raises, and leaves the trace unlocked."""
    strange_session(tmp_path / "s.rlm", UNCHARGED)

    with pytest.raises(SettingError, match="let programs use time and memory without a charge"):
        Session(tmp_path / "s.rlm")
    with pytest.raises(SettingError, match="older version"):
        Session(tmp_path / "s.rlm")
