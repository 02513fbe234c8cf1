"""`chunk(x, by=line)`: a field of the rows if they have one of that name, else the unit that it most likely means."""

import pytest

from tests.kernel.machine import Machine

TEXT = "alpha one\nbeta two\n\ngamma three\n"
INPUTS = {
    "log": TEXT,
    "docs": {"a.py": "def f():\n    pass\n", "b.py": "x = 1\n", "empty.py": ""},
    "rows": [{"file": 1, "text": "a"}],
}


@pytest.mark.parametrize("target", ["log", "docs", "docs.text", "log[0:9]"])
@pytest.mark.parametrize(
    ("name", "word"),
    [("line", "lines"), ("paragraph", "paragraphs"), ("file", "files"), ("symbol", "symbols"), ("Lines", "lines")],
)
def test_the_singular_of_a_unit_is_the_unit(target: str, name: str, word: str) -> None:
    """Quoted or bare, over texts and documents, with a note."""
    if word == "symbols" and target != "docs":
        pytest.skip("a text without a path has no language")
    machine = Machine(INPUTS)
    seen = machine.turn(
        f'a = chunk({target}, by="{name}")\nb = chunk({target}, by={name})\nc = chunk({target}, by={word})'
    )

    assert seen.count(f'`by={name}` is read as by="{word}"') == 2
    assert machine.of("a") == machine.of("b") == machine.of("c")


def test_a_field_of_that_name_is_the_field() -> None:
    """Of lines and of hits `line` is a field."""
    machine = Machine(INPUTS)
    seen = machine.turn("a = chunk(log.lines, by=line)\nb = chunk(log.lines, by=.line)")

    assert "is read as" not in seen
    assert machine.of("a") == machine.of("b")
    assert "key" in machine.of("a")[0]
