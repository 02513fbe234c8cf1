"""A process that dies in a tool with side effects: nobody calls it again unless the policy says so."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from rlmlite import Outcome, Session, execute, tool
from rlmlite_kernel.records.records import Entry
from rlmlite_kernel.records.refs import RunKey, blob
from rlmlite_kernel.records.settings import Policy, ToolRule
from rlmlite_traces import CheckedTrace, Verdict, replay, verify
from tests.traces import handmade
from tests.traces.replays.forging import forge

ROOT = Path(__file__).parents[2]
KEY = "1b" * 32

DYING = """
    import sys, time
    from pathlib import Path
    from rlmlite import Session, tool
    from rlmlite_kernel.records.settings import Policy, ToolRule

    place, unknown, harmless = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "harmless"

    @tool(side_effects=not harmless)
    def pay(to: str) -> str:
        "Pays."
        with (place / "paid").open("a") as file:
            file.write(to + "\\n")
        time.sleep(60)
        return "paid"

    policy = Policy(tools={"pay": ToolRule(unknown=unknown)})
    with Session(place / "s.rlm", tools=[pay], policy=policy) as session:
        session.exec('x = pay(to="a")')
"""


def die_in_the_tool(folder: Path, unknown: str, kind: str) -> None:
    """Run the session in a process of its own, and kill it when the tool has begun."""
    script = folder / "dying.py"
    script.write_text(textwrap.dedent(DYING))
    path = os.pathsep.join(str(ROOT / part) for part in (".", "grammar", "kernel", "traces"))
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), unknown, kind], env={**os.environ, "PYTHONPATH": path}
    )
    try:
        deadline = time.monotonic() + 60
        # Until the line is there: the file is made a moment before it.
        while not (folder / "paid").exists() or not (folder / "paid").stat().st_size:
            assert process.poll() is None, "it ended before the tool began"
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def go_on(folder: Path, *, side_effects: bool) -> Outcome:
    """Open the session again, and go on with what was under way."""

    @tool(side_effects=side_effects)
    def pay(to: str) -> str:
        """Pays."""
        with (folder / "paid").open("a") as file:
            file.write(to + "\n")
        return "paid"

    with Session(folder / "s.rlm", tools=[pay]) as session:
        return session.resume()


@pytest.mark.parametrize(
    ("unknown", "kind", "times", "said"),
    [
        ("fail", "harmful", 1, "the call to `pay` failed (unknown)"),
        ("retry", "harmful", 2, "paid"),
        ("fail", "harmless", 2, "paid"),
    ],
)
def test_a_call_whose_end_nobody_saw(tmp_path: Path, unknown: str, kind: str, times: int, said: str) -> None:
    """With side effects it is `unknown` and not made again; the policy or a harmless tool lets it be made again."""
    die_in_the_tool(tmp_path, unknown, kind)
    outcome = go_on(tmp_path, side_effects=kind == "harmful")

    assert said in outcome.observation
    assert (tmp_path / "paid").read_text() == "a\n" * times
    assert replay(verify(tmp_path / "s.rlm")).verdict is Verdict.REPRODUCED


def test_an_ended_call_is_not_made_again(tmp_path: Path) -> None:
    """A session that is left and opened has the result, and calls nobody."""
    calls = []

    def pay(to: str) -> str:
        """Pays."""
        calls.append(to)
        return "paid"

    policy = Policy(tools={"pay": ToolRule()})
    with Session(tmp_path / "s.rlm", tools=[pay], policy=policy) as session:
        session.exec('x = pay(to="a")')
    with Session(tmp_path / "s.rlm", tools=[pay]) as session:
        session.exec("show(x)")

    assert calls == ["a"]


def altered(trace: CheckedTrace, kind: str, text: str) -> CheckedTrace:
    """The trace after somebody changed what a call gave, and recomputed every hash."""

    def change(entries: list[Entry]) -> list[Entry]:
        other = blob(RunKey(bytes.fromhex(KEY)), text.encode())
        at = next(seq for seq, entry in enumerate(entries) if entry.effects)
        calls = [
            msgspec.structs.replace(call, result=other.ref) if call.effect == kind else call
            for call in entries[at].effects
        ]
        entries[at] = handmade.with_calls(entries[at], calls)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
        return entries

    return forge(trace, change)


@pytest.mark.parametrize(
    ("kind", "text"), [("tool", '"other"'), ("approve", '{"approved":false}'), ("clock", "1700000000001")]
)
def test_an_altered_result_is_found_by_re_execution(tmp_path: Path, kind: str, text: str) -> None:
    """Of a tool, an approval or the clock: every hash fits, and the step that used it computes something else."""

    def pay(to: str, note: str) -> str:
        """Pays."""
        return "paid"

    program = "x = now()" if kind == "clock" else 'x = pay(to="a", note=str(context))'
    execute(program, "words", tools=[pay], approve=lambda _: True, trace=tmp_path / "t.rlm", run_key=KEY)
    honest = verify(tmp_path / "t.rlm")

    assert replay(honest).verdict is Verdict.REPRODUCED
    assert replay(altered(honest, kind, text)).verdict is Verdict.FORGED
