"""The demonstration: both questions are answered, verified and replayed, over the real thing."""

import json
from pathlib import Path

from typer.testing import CliRunner

from rlmlite.cli.app import app
from rlmlite.cli.output.exits import Exit

TASKS = '''def gather():
    """Run awaitables.

    Cancellation: if the outer Future is cancelled, all children (that
    have not completed yet) are also cancelled.  If any child is cancelled, fine."""
    warnings._deprecated("gather", remove=(3, 99))  # DeprecationWarning
'''


def test_the_demo_answers_over_the_standard_library() -> None:
    """Tens of megabytes of real sources: the answers with their places, and both traces reproduced."""
    result = CliRunner().invoke(app, ["demo"])

    assert result.exit_code == Exit.COMPLETED, result.output
    assert "Cancellation: if the outer Future is cancelled, all children" in result.stdout
    assert "asyncio/tasks.py:" in result.stdout
    assert "modules_that_warn_most" in result.stdout
    assert result.stdout.count("verified: SEALED") == 2
    assert result.stdout.count("replayed: reproduced") == 2
    assert "reads no meaning" in result.stdout


def test_the_demo_as_json_over_another_folder(tmp_path: Path) -> None:
    """One object, over whatever sources are given."""
    (tmp_path / "lib/asyncio").mkdir(parents=True)
    (tmp_path / "lib/asyncio/tasks.py").write_text(TASKS, "utf-8")
    (tmp_path / "lib/readme.txt").touch()

    result = CliRunner().invoke(app, ["demo", "--json", "--path", "lib"])
    found = json.loads(result.stdout)

    assert result.exit_code == Exit.COMPLETED, result.output
    assert "1 left out, not Python source: readme.txt" in result.stderr
    assert found["value"][0]["removals"] == [{"version": "3.99", "file": "asyncio/tasks.py", "line": 6}]
    assert [" ".join(quote.split()) for quote in found["value"][1]] == [
        "Cancellation: if the outer Future is cancelled, all children (that have not completed yet) are also cancelled."
    ]
    assert [answer["replay"] for answer in found["answers"]] == ["reproduced", "reproduced"]


def test_the_demo_without_sources_says_so(tmp_path: Path) -> None:
    """An empty or missing folder is a message."""
    assert CliRunner().invoke(app, ["demo", "--path", "nosuch"]).exit_code == Exit.INPUT
    assert CliRunner().invoke(app, ["demo", "--path", str(tmp_path)]).exit_code == Exit.INPUT
