"""`rlmlite trace egress`: the report as lines and as JSON, and executed again for what records only count."""

import json
from pathlib import Path

import pytest

from rlmlite.cli.commands.traces.reading.egress import Flags, print_egress
from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import document, rlmlite
from tests.traces.reading.kept import GOLDEN, KEPT

AGENT = str(GOLDEN / "2.3" / "agent.rlm")


def test_what_went_where_is_printed() -> None:
    """By destination and input; what is only counted is said to be, and is exact when the run is executed again."""
    counted = rlmlite("trace", "egress", AGENT).stdout
    exact = rlmlite("trace", "egress", AGENT, "--exact").stdout

    assert "controller scripted: (this machine)\n" in counted
    assert "    log  shown  748 bytes (5 calls)\n" in counted
    assert "which ones, no record says" in counted
    assert "    docs:b.txt  ranges  9 bytes: 0-9 (5 calls)\n" in exact
    assert "    log  ranges  748 bytes: 0-533, " in exact


def test_json_has_the_rows_and_what_they_mean() -> None:
    """One row for each destination, input and way."""
    found = document("trace", "egress", str(GOLDEN / "2.3" / "tools.rlm"))

    assert {(row["kind"], row["destination"]) for row in found["value"]["sent"]} == {
        ("controller", "scripted:"),
        ("tool", "owner"),
        ("tool", "page"),
        ("approval", "page"),
    }
    assert {row["how"] for row in found["value"]["sent"]} <= found["how"].keys()


def test_a_run_without_calls_says_so() -> None:
    """Nothing left it."""
    rlmlite("exec", "-e", "final(count(context.lines))", "app.log", "--trace", "t.rlm")

    assert "nothing left the run" in rlmlite("trace", "egress", "t.rlm").stdout


def test_inputs_that_moved_can_be_named() -> None:
    """A trace that was not begun here says where the run is to look for them."""
    programs = ('hits = search(context, "ERROR")', "final(count(hits))")
    Path("answers.jsonl").write_text("".join(json.dumps({"text": each}) + "\n" for each in programs))
    rlmlite("ask", "How many?", "app.log", "--controller", "scripted:answers.jsonl", "--trace", "t.rlm")
    Path("app.log").rename("moved.log")

    exact = document("trace", "egress", "t.rlm", "--input", "context=moved.log")["value"]["sent"]

    assert [row["path"] for row in exact if row["how"] == "ranges"] == ["app.log"]


@pytest.mark.parametrize("place", KEPT[::4], ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_every_kept_trace_has_a_report(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Executed again or not."""
    for flags in (Flags(), Flags(exact=True)):
        assert print_egress(place, flags, [], as_json=False) is Exit.COMPLETED
        assert capsys.readouterr().out
