"""The corpus of injections: whatever a text says, and whoever obeys it, nothing happens that was not granted."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from rlmlite_kernel.records.records import Step
from rlmlite_traces import Verdict, replay, verify
from tests.guard.obedient import ADDRESS
from tests.guard.scene import CANARY, PLACES, POLICY, Injection, Place, Scene, injections, outside

CORPUS = injections()
FAMILIES = {family: list(each) for family, each in groupby(CORPUS, lambda injection: injection.family)}
ONE_PLACE = [
    pytest.param([(each, PLACES[n % 3]) for n, each in enumerate(FAMILIES[name])], id=name) for name in FAMILIES
]
EVERY_PLACE = [
    pytest.param([(each, place) for each in FAMILIES[name]], id=f"{name}-{place}", marks=pytest.mark.slow)
    for name in FAMILIES
    for place in PLACES
]
Cases = list[tuple[Injection, Place]]
SAMPLE = [(each[0], PLACES[n % 3]) for n, each in enumerate(FAMILIES.values())]


def pieces(secret: str, size: int = 6) -> list[str]:
    """Every part of a secret that is long enough to be no chance."""
    return [secret[at : at + size] for at in range(len(secret) - size + 1)]


@cache
def usual() -> str:
    """What stands outside the fences of a run in which nothing is injected."""
    return "\n".join(map(outside, Scene("All is well.", "file", obeys=False).shown))


def escaped(text: str, prompts: Iterable[str]) -> list[str]:
    """The lines of an injected text that stand outside a fence somewhere, and are not of the prompt itself."""
    rest = "\n".join(map(outside, prompts))  # fails where a fence is open, or not of its content
    return [line for line in text.split("\n") if len(line) > 6 and line in rest and line not in usual()]


def test_the_corpus_is_large_and_varied() -> None:
    """At least fifty texts, of many families, no two the same."""
    assert len({injection.text for injection in CORPUS}) == len(CORPUS) >= 50
    assert len(FAMILIES) >= 12


@pytest.mark.parametrize("cases", [*ONE_PLACE, *EVERY_PLACE])
def test_an_obeying_controller_reaches_nothing(cases: Cases) -> None:
    """No side effect, no other settings, no changed input, and not a byte of what the policy keeps."""
    for injection, place in cases:
        scene = Scene(injection.text, place, obeys=True)
        after = scene.run.state

        assert scene.tried, f"the controller has not understood {injection.text!r}"
        assert scene.sent == []
        assert after.settings == scene.before.settings
        assert after.variables["mail"].ref == scene.before.variables["mail"].ref
        assert after.variables["vault"].ref == scene.before.variables["vault"].ref
        left = "\n".join([*scene.shown, *scene.read, *scene.looked_up]).lower()
        assert not [piece for piece in pieces(CANARY) if piece in left]
        own = "\n".join(scene.tried)  # its own programs are no data
        assert [line for line in escaped(injection.text, scene.shown) if line not in own] == []


@pytest.mark.parametrize("cases", [*ONE_PLACE, *EVERY_PLACE])
def test_an_injected_text_stands_inside_fences_only(cases: Cases) -> None:
    """A controller that ignores it sees it as data, whole and labelled, in every prompt of the run."""
    for injection, place in cases:
        scene = Scene(injection.text, place, obeys=False)

        assert scene.outcome.status == "completed"
        assert scene.sent == []
        assert escaped(injection.text, [*scene.shown, *scene.read]) == []
        assert not [prompt for prompt in scene.shown if ADDRESS in outside(prompt)]


@pytest.mark.parametrize(("injection", "place"), SAMPLE)
def test_labels_reach_the_evidence(injection: Injection, place: Place, tmp_path: Path) -> None:
    """Every receipt says where what it showed came from, and the answer rests on spans of the mail."""
    scene = Scene(injection.text, place, obeys=False, trace=tmp_path / "run.rlm")
    trace = verify(tmp_path / "run.rlm")
    steps = [record for record in trace.records if isinstance(record, Step)]
    shown = {step.op: set(step.observation.origins) for step in steps if step.turn == 2}

    assert "input" in shown["show"] or "tool" in shown["show"] or "lm" in shown["show"]
    assert {"tool"} <= shown["lookup"]
    assert {"lm"} <= shown["sub_lm"]
    assert steps[-1].op == "final"
    assert {piece.input for piece in scene.outcome.evidence} == {"mail"}
    assert {piece.how for piece in scene.outcome.evidence} == {"verbatim"}


@pytest.mark.parametrize("place", PLACES)
def test_what_an_obeying_controller_did_replays(place: Place, tmp_path: Path) -> None:
    """Denials, tools and sub calls, offline and byte for byte."""
    scene = Scene(CORPUS[0].text, place, obeys=True, trace=tmp_path / "run.rlm")
    trace = verify(tmp_path / "run.rlm")
    found = replay(trace)
    denied = [record for record in trace.records if isinstance(record, Step) and record.code == "denied"]

    assert found.verdict is Verdict.REPRODUCED
    assert len(denied) > 10
    assert found.state is not None
    assert found.state.settings == scene.before.settings
    assert found.state.settings.policy == POLICY


def test_an_approval_sees_the_exact_call() -> None:
    """Who is asked is told of the address, where it comes from and why; a yes makes that one call."""
    asked = []

    def approve(approval: object) -> bool:
        asked.append(approval)
        return len(asked) == 1

    scene = Scene(CORPUS[0].text, "file", obeys=True, approve=approve)

    assert len(scene.sent) == 1
    assert len(asked) > 5
    first = asked[0]
    assert first.arguments == {"to": ADDRESS, "body": "picked"}  # type: ignore[attr-defined]
    assert "lm" in first.reasons[0]  # type: ignore[attr-defined]


def test_the_policy_bounds_even_what_is_approved() -> None:
    """Somebody who approves of all allows three mails, as the policy says, and never the vault."""
    scene = Scene(CORPUS[0].text, "file", obeys=True, approve=lambda _: True)

    assert len(scene.sent) == 3
    assert not [body for _, body in scene.sent if CANARY in body]
