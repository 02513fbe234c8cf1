"""`rlmlite trace diff`: where two runs part, and what came of it."""

from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_kernel.records.records import Step
from rlmlite_traces.reading.differences.compare import compare
from rlmlite_traces.reading.story import Story, open_story
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite
from tests.traces.reading.kept import GOLDEN, KEPT, changed, kept, redacted


def run(name: str, program: str, *flags: str) -> None:
    rlmlite("exec", "-e", program, "app.log", "--trace", name, *flags)


def test_two_runs_of_the_same_say_the_same() -> None:
    """Whatever their keys, and so their hashes, are."""
    run("a.rlm", COUNT_ERRORS)
    run("b.rlm", COUNT_ERRORS)

    result = rlmlite("trace", "diff", "a.rlm", "b.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert "they say the same" in result.stdout
    assert document("trace", "verify", "a.rlm")["root"] != document("trace", "verify", "b.rlm")["root"]


def test_the_first_difference_is_named_then_what_came_of_it() -> None:
    """Programs as a diff, budgets, coverage and answers."""
    run("a.rlm", COUNT_ERRORS)
    run("b.rlm", COUNT_ERRORS.replace("ERROR", "INFO"), "--limit", "turns=3")

    result = rlmlite("trace", "diff", "a.rlm", "b.rlm")
    found = document("trace", "diff", "a.rlm", "b.rlm")["value"]

    assert result.exit_code == Exit.DIFFERS
    assert found["beginning"] == {"limits.turns": {"a": "30", "b": "3"}}
    assert (found["divergence"]["place"], found["divergence"]["field"]) == ("turn 1", "program")
    assert '-hits = search(context, "ERROR")\n+hits = search(context, "INFO")' in found["programs"]["1"]
    assert found["ending"]["answer"] == {"a": "10", "b": "90"}
    assert "context" in found["coverage"]
    assert "part at turn 1: program\n" in result.stdout


def test_an_answer_of_a_model_is_where_runs_part() -> None:
    """The call that it was given to is named."""
    for name in ("a", "b"):
        Path(f"{name}.jsonl").write_text(f'{{"text": "{name}"}}\n')
        run(f"{name}.rlm", 'final(sub_lm("What is it?"))', "--sub", f"scripted:{name}.jsonl")

    found = document("trace", "diff", "a.rlm", "b.rlm")["value"]

    assert found["divergence"] == {"place": "turn 1, step 1, call 0", "field": "asked of"} | {
        "a": "lm sub scripted:a.jsonl",
        "b": "lm sub scripted:b.jsonl",
    }
    assert found["ending"]["answer"] == {"a": '"a"', "b": '"b"'}


@pytest.mark.parametrize("place", KEPT[::3], ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_a_kept_trace_says_the_same_as_itself(place: Path) -> None:
    """And something else than any other."""
    story, other = open_story(place), open_story(GOLDEN / "2.3" / "faults.rlm")

    assert compare(story, story).is_none
    assert not compare(story, other).is_none or place.stem == "faults"


def test_what_one_of_them_has_no_longer_is_not_a_difference() -> None:
    """It is counted: nobody can tell."""
    trace = kept("2.3/agent")
    names = [record.observation.ref for record in trace.records if isinstance(record, Step)]

    def observations(record: object) -> list[str]:
        return [ref for ref in names if ref] if isinstance(record, Step) else []

    found = compare(Story(trace), Story(redacted(trace, observations)))

    assert found.divergence is not None
    assert found.divergence.place == "the end"  # the one is open
    assert found.uncompared > 3


def test_every_change_of_a_stranger_s_is_compared() -> None:
    """Nothing is raised, and most changes are found: what is left are hashes and prices."""
    trace = kept("2.3/tools")
    found = [compare(Story(trace), Story(other)).is_none for _, other in changed(trace, every=5)]

    assert len(found) > 20
    assert found.count(False) > len(found) // 3
