"""The same run in other processes, with other hash seeds, gives the same bytes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from rlmlite_kernel import Answered, Failed, Limits, Result, Usage, seal
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.testing.play.turns import entry_bytes
from tests.kernel.machine import Machine

ROOT = Path(__file__).parents[3]
LOG = "".join(f"{n:03} {('INFO', 'WARN', 'ERROR')[n % 3]} user{n % 5} took {n * 7 % 11}.{n}s é😀\n" for n in range(60))
DOCS = {"b.txt": LOG[:500], "a.txt": "alpha\n\nbeta\n", "dir/c.txt": LOG[500:900]}
ROWS = [{"k": key, "n": n} for n, key in enumerate(["é", "a", None, True, 1, 1.0, "1", [1], {"z": 1, "a": 2}, -0.5])]
PROGRAMS = (
    r"hits = search(log, /(?<level>WARN|ERROR) (?<user>\w+)/)" + "\nby_user = count_by(hits, [.user, .level])\n"
    "top3 = top(by_user, 3)\nshow(top3)\ndescribe(log)\npreview(docs)",
    'parts = chunk(log, size=300, overlap=20)\nfound = extract_over_chunks(parts, "{chunk} of {docs.path}", '
    'schema={n: int}, min_ok=0)\nlast = sub_lm("q {by_user}")\nother = extract_over_chunks(docs, "{path}: {text}")',
    "sorted = sort(rows, by=.k)\ngrouped = group(rows, .k, {n: count(), s: sum(.n)})\nd = distinct(rows, by=.k)\n"
    'o = to_object(where(rows, .n < 2), .k, .n)\nx = nope\ny = x\nz = rows[99].k\nserach(log)\nw = docs["none"]',
    'best = rank(log, "error user3", limit=7)\nd2 = rank(docs, "alpha beta warn", by="paragraphs")\n'
    'r2 = rank(hits, "took")\n'
    "kinds = patterns(log)\nm = count_by(hits, mask(.text))\na2 = around(hits, lines=1)\n"
    'p2 = paths(docs, "*.txt")\nshow(kinds)',
    'note("a plan")\nfinal({found: found, top: top3, o: o}, evidence=[hits[0:3], "took 7.1s", "not there"])',
)


def answer(prompt: str) -> Result:
    """A reply, a failure or rubbish, by the digest of the prompt."""
    place = hashlib.sha256(prompt.encode()).digest()[0]
    if place % 5 == 0:
        return Failed("timeout")
    return Answered(
        f'{{"n": {place}}}' if place % 3 else "I think é", Usage(place, place % 7) if place % 2 else Usage()
    )


def whole_run(limits: Limits | None = None) -> bytes:
    """All that a run of every kind of step puts out."""
    machine = Machine({"log": LOG, "docs": DOCS, "rows": ROWS}, limits=limits)
    said = [machine.turn(program, answer) for program in PROGRAMS]
    return machine.ran() + entry_bytes([seal(machine.state)]) + "\n".join(said).encode()


def test_a_second_run_gives_the_same_bytes() -> None:
    """Two runs in one process share nothing but the code."""
    assert whole_run() == whole_run()


def test_the_run_exercises_what_it_should() -> None:
    """The run has hits, failed and successful calls, faults and an answer; otherwise these tests would prove little."""
    machine = Machine({"log": LOG, "docs": DOCS, "rows": ROWS})
    codes: set[str] = set()
    for program in PROGRAMS:
        machine.turn(program, answer)
        codes |= set(machine.codes())

    assert {"", "unknown_name", "unknown_action", "depends"} <= codes
    assert machine.state.answer is not None
    assert {piece.how for piece in machine.state.answer.evidence} >= {"verbatim", "not-found"}
    effects = [entry.record.effects for entry in machine.entries if isinstance(entry.record, Step)]
    assert any(calls is not None and calls.ok and calls.failed for calls in effects)


@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_the_hash_seed_changes_nothing(seed: str) -> None:
    """A process with another `PYTHONHASHSEED` gives the same bytes."""
    code = (
        "import hashlib; from tests.kernel.run.test_determinism import whole_run; "
        "print(hashlib.sha256(whole_run()).hexdigest())"
    )
    path = ":".join(str(ROOT / part) for part in ("", "grammar", "kernel", "traces"))
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == hashlib.sha256(whole_run()).hexdigest()
