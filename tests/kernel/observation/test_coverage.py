"""Coverage: which bytes of the inputs were shown, read by a model, scanned, never seen."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Failed, Limits
from rlmlite_kernel.observation.coverage import merge_ranges
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE, FLAGS
from tests.kernel.machine import Machine
from tests.sizes import scale

LOG = "0123456789" * 6
DOCS = {"a.txt": "first of all", "b.txt": "same", "c.txt": "same"}
BEFORE_PLACES = tuple(flag for flag in FLAGS if flag != EVIDENCE_BY_PLACE)
PLACES = {"a.txt": 0, "b.txt": 12, "c.txt": 16}

Marks = dict[str, set[int]]


def looked(kind: str, a: int, b: int) -> str:
    """A statement that looks at a slice of the log in one way and shows nothing else."""
    cut = f"log[{a}:{b}]"
    return {
        "shown": f"show({cut})",
        "read": f'n = count(extract_over_chunks([{cut}], "{{value}}"))',
        "scanned": f'n = count(search({cut}, "zzz"))',
        "cut": f"n = count(chunk({cut}, size=7))",
        "parsed": f"n = count(parse_lines({cut}, /(?<d>zzz)/))",
    }[kind]


slices = st.tuples(
    st.sampled_from(["shown", "read", "scanned", "cut", "parsed"]), st.integers(0, 60), st.integers(0, 60)
)


@settings(max_examples=scale(80))
@given(st.lists(slices, max_size=6), st.integers(1, 3))
def test_coverage_is_the_union_of_what_was_looked_at(looks: list[tuple[str, int, int]], a_turn: int) -> None:
    """Coverage equals a set of byte positions per kind, over any looks in any turns."""
    machine = Machine({"log": LOG})
    model: Marks = {"shown": set(), "read": set(), "scanned": set()}
    for at in range(0, len(looks), a_turn):
        machine.turn("\n".join(looked(*look) for look in looks[at : at + a_turn]))
    for kind, a, b in looks:
        if kind != "cut":  # cutting into chunks looks at nothing
            model[kind if kind in model else "scanned"] |= set(range(a, max(a, b)))
    numbers = {kind: len(marks) for kind, marks in model.items()}
    unseen = len(LOG) - len(set().union(*model.values()))

    assert machine.state.coverage_report() == {"log": {"bytes": len(LOG), **numbers, "unseen": unseen}}


def test_documents_lie_end_to_end() -> None:
    """Documents lie end to end in their input; of equal ones only that counts which was looked at."""
    machine = Machine({"docs": DOCS})
    machine.turn('show(docs["a.txt"][0:5])\nshow(docs["c.txt"][1:3])\nshow(docs["c.txt"][0:2])')

    assert machine.state.coverage_report() == {
        "docs": {"bytes": 20, "shown": 8, "read": 0, "scanned": 0, "unseen": 12},
    }


@pytest.mark.parametrize(("flags", "shown"), [(tuple(FLAGS), [0, 3]), (BEFORE_PLACES, [3, 3])])
def test_a_content_in_two_inputs_counts_where_it_was_looked_at(flags: tuple[int, ...], shown: list[int]) -> None:
    """A content that is in two inputs counts in the one that was shown; in older runs it counted in both."""
    machine = Machine({"one": "the same text", "two": "the same text"}, flags=flags)
    machine.turn("show(two[0:3])")

    assert [marks["shown"] for marks in machine.state.coverage_report().values()] == shown


def test_the_records_hold_the_totals_so_far() -> None:
    """Each record has the bytes shown, read and scanned so far."""
    machine = Machine({"log": LOG})
    machine.turn("\n".join(looked(kind, 0, 10 * n) for n, kind in enumerate(("shown", "scanned", "read"), 1)))

    assert machine.state.coverage.totals["log"] == (10, 30, 20)
    assert [step.coverage.get("log") for step in machine.steps()][-1] in ((10, 30, 20), None)


def test_what_a_model_was_to_read_but_did_not_is_not_read() -> None:
    """What a failed call was to read does not count as read."""
    machine = Machine({"log": LOG})
    machine.turn('x = extract_over_chunks(chunk(log, size=20), "{chunk}")')
    failed = Machine({"log": LOG})
    failed.turn('x = extract_over_chunks(chunk(log, size=20), "{chunk}", min_ok=0)', lambda prompt: Failed("timeout"))

    assert machine.state.coverage_report()["log"]["read"] == 60
    assert failed.state.coverage_report()["log"]["read"] == 0


def test_a_search_that_stops_early_scanned_as_far_as_it_came() -> None:
    """What `limit=` does not keep is counted, and so scanned; what there was no work for is not."""
    log = "x\n" * 1_000
    limited, spent = Machine({"log": log}), Machine({"log": log}, limits=Limits(search_work=100))
    limited.turn('hits = search(log, "x", limit=3)')
    spent.turn('n = count(search(log, "x"))')

    assert limited.state.coverage_report()["log"]["scanned"] == 2_000
    assert 20 <= spent.state.coverage_report()["log"]["scanned"] <= 100


WIDE = "".join("".join(chr(0x4E00 + 10 * line + n) for n in range(10)) + "\n" for line in range(60))
"""A text of which no letter comes twice, three bytes each."""

SHOWING = [
    "show(log)",
    "x = log",
    "x = log.lines",
    "show(log.lines)",
    "x = chunk(log, size=400)",
    "show(chunk(log, size=400))",
    "show([log[0:300], log[600:900]])",
    "x = [log[0:300], log[300:600], log[600:900], log[900:1200]]",
    "x = {a: log[0:300], b: log[300:600], c: log[600:900]}",
    "x = map([1], {a: log[0:300], b: log[300:600], c: log[600:900], d: log[900:1200]})",
    "preview(log, head=300, tail=300)",
    "x = log[0:100]\ny = log[300:900]\nshow(log[900:1500])",
]


@pytest.mark.parametrize("room", [60, 200, 600, 1_400, 10_000])
@pytest.mark.parametrize("program", SHOWING)
def test_shown_is_what_the_observation_holds(program: str, room: int) -> None:
    """No byte counts as shown that was cut away; none that is there is left out where nothing was cut."""
    machine = Machine({"log": WIDE}, limits=Limits(observation_bytes=room))
    seen = machine.turn(program)
    there = 3 * len(set(re.findall("[\u4e00-\u9fff]", seen)))
    shown = machine.state.coverage_report()["log"]["shown"]

    assert shown <= there + WIDE.count("\n")
    if room == 10_000:
        assert shown >= there


@settings(max_examples=scale(80))
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=400))
def test_ranges_merge_to_their_union(ranges: list[tuple[int, int]]) -> None:
    """Merged ranges are in order and neither touch nor overlap, few or many."""
    covered = {place for start, stop in ranges for place in range(start, stop)}
    found = merge_ranges(ranges)

    assert {place for start, stop in found for place in range(start, stop)} == covered
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))
