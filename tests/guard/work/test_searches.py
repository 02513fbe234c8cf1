"""Searches of many texts that run out of work: the first that does is the last that is made."""

from collections.abc import Iterator

import pytest

from rlmlite_kernel import Limits
from rlmlite_kernel.engines.search import find as searching
from tests.kernel.machine import Machine

WORK = 5_000_000

PROGRAMS = {
    "parse_lines": "x = parse_lines(r.t, /(?<a>.)(?<b>.)/)",
    "chunk": "x = chunk(r.t, by=/./)",
    "search": "x = search(r.t, /./)",
    "count_matches": "x = count_matches(r.t, /./)",
    "evidence": 'final(1, evidence=["no such words", "nor these"])',
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_search_that_ran_out_of_work_is_the_last(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A window that does not fit was searched all the same; were it free, it would be so once for each text."""
    begun = 0

    def counting(way: type) -> type:
        class Counting(way):  # type: ignore[misc]
            def run(self) -> Iterator[None]:
                nonlocal begun
                begun += 1
                yield from super().run()

        return Counting

    for way in ("ByLines", "ByBlocks"):
        monkeypatch.setattr(searching, way, counting(getattr(searching, way)))
    machine = Machine({"context": "x y ERROR" * 5_000}, limits=Limits(search_work=WORK))
    machine.turn(f"r = map(range(300), {{t: context}})\n{PROGRAMS[name]}")

    assert 0 < begun < 10
    assert machine.state.used["search_work"] <= 2 * WORK
