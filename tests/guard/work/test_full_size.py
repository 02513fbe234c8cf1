"""The attacks at full size, under the default limits: a fault or a result, in bounded memory and time.

Each runs in a process of its own with limits of the system, so that a guard that is broken kills the test and not the
machine. The sixteen of the benchmark, and some that came up since.
"""

import pytest

from benchmarks.hostile_programs import PEAK, PROGRAMS, SECONDS, run
from benchmarks.measure import MB

OTHERS = {
    "references: top, render": "refs = map(range(100000), big)\nx = top(refs, 3)\ny = render(refs, '{value}')",
    "references: max, str": "refs = map(range(100000), big)\nx = max(refs)\ny = str(refs)",
    "hits on one line: max": 'hits = search(one, "ERROR", limit=2000)\nx = max(hits.text)\ny = min(hits.text)',
    "long ranges": "x = range(1000000000)\ny = range(30000000)\nz = sort(y, desc=true)",
    "many words": 'w = map(range(1000000), "fox" + str(.value))\nx = count_matches(big, w)',
    "empty rows by the million": 'h = search(big, "zebra")\nx = map(range(3000000), union(h, [.value]))',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PROGRAMS, *OTHERS])
def test_an_attack_ends_in_bounded_memory_and_time(name: str) -> None:
    """A program that filled the memory, or ran for hours, is refused or done in seconds."""
    ended = run({**PROGRAMS, **OTHERS}[name].replace("'", '"'), 20 * MB)

    assert ended.peak < PEAK
    assert ended.seconds < SECONDS
