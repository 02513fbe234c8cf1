"""The attacks at full size, under the default limits: a fault or a result, in bounded memory and time.

Each runs in a process of its own with limits of the system, so that a guard that is broken kills the test and not the
machine.
"""

import resource
import subprocess
import sys

import pytest

ADDRESS_SPACE = 3_000_000_000
CPU_SECONDS = 30
PEAK_MEGABYTES = 1_500

CHILD = """
import resource, sys
from tests.kernel.machine import Machine
machine = Machine({"big": "line of the quick brown fox\\n" * 700_000, "one": "ERROR and more " * 800_000})
machine.turn(sys.stdin.read())
print(sorted(set(machine.codes())), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000)
"""

REFERENCES = "refs = map(range(100000), big)\n"
HITS = 'hits = search(one, "ERROR", limit=2000)\n'

ATTACKS = (
    "r = range(1000)\nx = map(range(30000000), first(sample(r, .value)))",
    REFERENCES + 'x = where(refs, .value contains "zebra")',
    REFERENCES + "x = distinct(refs)\ny = sort(refs)\nz = group(refs, .value, {n: count()})",
    REFERENCES + "x = to_object(refs, .value, .value)\ny = top(refs, 3)\nz = render(refs, '{value}')",
    HITS + "x = count_by(hits, .text)\ny = sort(hits, by=text)\nz = distinct(hits)",
    "x = [1]\n" + "x = [x, x]\n" * 60,
    "x = chunk(big, size=1)",
    'x = replace(big, "e", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeee")',
    "r = map(range(1000000), {k: 1})\nx = join(r, r, on=k, limit=1000000000000)",
    "x = range(1000000000)\ny = range(30000000)\nz = sort(y, desc=true)",
    'w = map(range(1000000), "fox" + str(.value))\nx = count_matches(big, w)',
)


@pytest.mark.slow
@pytest.mark.parametrize("program", ATTACKS)
def test_an_attack_ends_in_bounded_memory_and_time(program: str) -> None:
    """A program that filled the memory, or ran for hours, is refused or done in seconds."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=program,
        capture_output=True,
        text=True,
        timeout=10 * CPU_SECONDS,
        preexec_fn=limit,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout.split()[-1]) < PEAK_MEGABYTES
