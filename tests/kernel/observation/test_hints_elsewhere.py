"""A search without hits says which other input has some, as far as the policy lets it tell."""

import pytest

from rlmlite_kernel import Limits, Policy
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, FLAGS
from tests.kernel.machine import Machine

INPUTS = {"log": "alpha\n" * 3, "other": "beta beta\nBETA\n", "zoo": {"a.md": "beta\n", "b.md": "gamma\n"}, "n": 7}


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('h = search(log, "beta")', "no hits; 2 hits in `other`"),
        ("h = search(log, /b.ta/i)", "no hits; 3 hits in `other`"),
        ('c = count(search(log, "gamma"))', "no hits; 1 hits in `zoo`"),
        ('c = count_matches(log, "gamma")', "no hits; 1 hits in `zoo`"),
        ('h = search(log, template="<*>ga<*>")', "no hits"),
        ('h = search(other, ["zzz", "alpha"])', "no hits; 3 hits in `log`"),
        ('h = search(zoo[0:1], "gamma")', "no hits; 1 hits in `zoo`"),
        ('h = search(log, "ALPHA")', "no hits; 3 hits in other case: /ALPHA/i"),
        ('h = search(log, "zzz")', "no hits"),
        ('h = search("made here", "beta")', "no hits"),
    ],
)
def test_no_hits_say_where_there_are_some(program: str, said: str) -> None:
    """In the order of their names, after other readings in the texts that were searched; not in a run of before."""
    before = tuple(flag for flag in FLAGS if flag != CHUNKS_END_AT_LINES)

    assert f"! {said}\n" in Machine(INPUTS).turn(program) + "\n"
    assert "! no hits\n" in Machine(INPUTS, flags=before).turn(program) + "\n"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Policy(egress={"other": ("sub-model",)}), "no hits; 1 hits in `zoo`"),
        (Policy(egress={"*": ("sub-model",)}), "no hits"),
        (Policy(strict=True), "no hits"),
    ],
)
def test_a_hint_tells_nothing_of_inputs_with_rules(policy: Policy, said: str) -> None:
    """Nor is an input read for it; in strict mode of none at all, since what a controller learns is tracked there."""
    assert f"! {said}\n" in Machine(INPUTS, policy=policy).turn('h = search(log, "beta")') + "\n"


def test_a_hint_is_charged_and_bounded_and_covers_nothing() -> None:
    """What it has cost is in the budget; where that may not do, there is none. The input counts as not looked at."""
    program = 'h = search(log, "beta")'
    ample, tight = Machine(INPUTS), Machine(INPUTS, limits=Limits(search_work=200))
    alone = Machine({"log": INPUTS["log"]})

    assert "in `other`" in ample.turn(program)
    assert "no hits\n" in tight.turn(program) + "\n"
    alone.turn(program)
    assert ample.state.used["search_work"] > alone.state.used["search_work"]
    assert ample.state.coverage_report()["other"]["scanned"] == 0
