"""SECURITY.md: every promise names the tests that hold it, and they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


def test_every_promise_names_a_test() -> None:
    """A row of the table of promises without a test would be a hope."""
    _, _, table = PAGE.partition("| promise | held by |")
    rows = [line for line in table.partition("\n\n")[0].splitlines()[2:] if line.startswith("|")]

    assert len(rows) >= 20
    assert [row for row in rows if "`tests/" not in row] == []


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    """`tests/x.py` and `tests/x/` hold tests; `tests/x.py::test_y` is one."""
    path, _, name = named.partition("::")
    place = ROOT / path
    files = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
    text = "\n".join(file.read_text("utf-8") for file in files)

    assert f"def {name or 'test_'}" in text
