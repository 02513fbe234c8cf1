"""The suite itself: no long file, no crowded folder, a stated fact in every test."""

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
MOST_LINES = 400
MOST_FILES = 15


def test_no_file_is_long() -> None:
    """A file that has grown beyond 400 lines is about two dangers: split it."""
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in FILES}

    assert {str(path.relative_to(TESTS)): length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_no_folder_is_crowded() -> None:
    """A folder holds at most 15 files; beyond that, those about one thing get a folder of their own."""
    counts = Counter(path.parent for path in FILES)

    assert {str(folder.relative_to(TESTS)): count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_every_test_states_a_fact() -> None:
    """Each test has a docstring: what holds, as a sentence."""
    silent = [
        f"{path.relative_to(TESTS)}::{node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and ast.get_docstring(node) is None
    ]

    assert silent == []
