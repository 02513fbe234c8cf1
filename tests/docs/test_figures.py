"""Every figure stands beside the command that measures it again, and that command exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "explanation" / "figures.md"
SEPARATOR = re.compile(r"\| -+ ")


def rows(text: str) -> list[str]:
    """The rows of all tables, without their headers."""
    lines = text.splitlines()
    headers = {number - 1 for number, line in enumerate(lines) if SEPARATOR.match(line)}
    return [
        line
        for number, line in enumerate(lines)
        if line.startswith("|") and number not in headers and not SEPARATOR.match(line)
    ]


def measured_by(row: str) -> Path | None:
    """The benchmark that a row's last cell names."""
    cell = row.rstrip("| ").rpartition("|")[2].strip()
    if name := re.fullmatch(r"`make bench BENCH=(\w+)`", cell):
        return ROOT / "benchmarks" / f"{name[1]}.py"
    if path := re.fullmatch(r"`python (benchmarks/\w+\.py)`", cell):
        return ROOT / path[1]
    return None


def test_every_figure_has_its_command() -> None:
    """The last cell of each row is a command, and the benchmark that it runs is there."""
    measured = {row: measured_by(row) for row in rows(FIGURES.read_text("utf-8"))}

    assert len(measured) > 20
    assert [row for row, path in measured.items() if path is None or not path.is_file()] == []


def test_a_figure_without_a_command_is_found() -> None:
    """The check can fail."""
    with_command, without = rows("| what | command |\n| --- | --- |\n| a | `make bench BENCH=turn` |\n| b | 3 ms |\n")

    assert measured_by(with_command) == ROOT / "benchmarks" / "turn.py"
    assert measured_by(without) is None
