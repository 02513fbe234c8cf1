"""`rlmlite trace why`: the minimal steps behind an answer or a variable, which are a program of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.cli.output.exits import Exit
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_traces.reading.story import Story, open_story
from tests.rlmlite.cli.commands import document
from tests.rlmlite.cli.commands import rlmlite as command
from tests.traces.reading.kept import GOLDEN, KEPT

NEEDS_HOST = ("tool", "nested", "explore", "calls", "added", "shared-calls")
"""How kept traces begin whose answers rest on calls of tools or nested runs, or on one that failed first."""
EXPLAINED = [each for each in KEPT if not each.stem.startswith(NEEDS_HOST)]


def values_of(story: Story) -> dict[str, Any]:
    """The inputs that a trace holds, as Python values."""
    held = {each.name: story.passages.read(each.content).text for each in story.inputs}
    kinds = {each.name: each.kind for each in story.inputs}
    return {name: text if kinds[name] == "text" else json.loads(text) for name, text in held.items()}


@pytest.mark.parametrize("place", EXPLAINED, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_the_program_behind_an_answer_gives_it_again(place: Path) -> None:
    """Of every kept trace: the steps, run again with the recorded answers of models, give the same value."""
    story = open_story(place)
    result = command("trace", "why", str(place), "--program")
    if story.ending is None or story.ending.answer is None:
        assert result.exit_code == Exit.FAILED  # its host has refused it, so none stands
        return
    assert story.beginning.settings is not None
    sub = f"replay:{place}" if "sub" in story.beginning.settings.roles else None

    outcome = rlmlite.execute(result.stdout, values_of(story), trace=False, sub=sub)

    assert value_bytes(outcome.value) == value_bytes(story.ending.answer.value)


def test_a_variable_is_explained_by_itself() -> None:
    """Only what it rests on, and with `final` of it as a program."""
    program = 'a = search(context, "ERROR")\nb = search(context, "INFO")\nn = count(b)\nfinal(count(a))'
    command("exec", "-e", program, "app.log", "--trace", "t.rlm")

    answer = command("trace", "why", "t.rlm", "--program").stdout
    variable = command("trace", "why", "t.rlm", "n", "--program").stdout

    assert answer == 'a = search(context, "ERROR")\nstep_1 = count_matches(context, "ERROR")\nfinal(step_1)\n' or (
        "INFO" not in answer
    )
    assert variable == 'b = search(context, "INFO")\nn = count(b)\nfinal(n)\n'
    Path("why.act").write_text(variable)
    assert document("exec", "why.act", "app.log")["value"] == 90
    assert document("trace", "why", "t.rlm", "n")["program"] == variable


def test_what_cannot_be_explained_is_said() -> None:
    """A name that no step wrote, an input, a run without an answer."""
    command("exec", "-e", 'hits = search(context, "ERROR")', "app.log", "--trace", "t.rlm")

    assert command("trace", "why", "t.rlm").exit_code == Exit.FAILED
    assert "did you mean `hits`?" in command("trace", "why", "t.rlm", "hit").stderr
    assert "`context` is an input" in command("trace", "why", "t.rlm", "context").stderr


@pytest.mark.parametrize("name", ["held-no-evidence", "held-rests-on-failed-calls"])
def test_an_answer_that_was_held_back_and_stands_is_explained(name: str) -> None:
    """It is the answer of a run that is partial."""
    shown = command("trace", "why", str(GOLDEN / "2.3" / f"{name}.rlm")).stdout

    assert "final(" in shown


def test_of_a_name_that_was_written_again_the_value_that_was_read_counts() -> None:
    """What stood under the name before is left out, unless it went into what was read."""
    program = 'x = search(context, "INFO")\nx = search(context, "ERROR")\nn = count(x)\nx = 5\nfinal(n)'
    command("exec", "-e", program, "app.log", "--trace", "t.rlm")

    assert command("trace", "why", "t.rlm", "--program").stdout == (
        'x = search(context, "ERROR")\nn = count(x)\nfinal(n)\n'
    )
