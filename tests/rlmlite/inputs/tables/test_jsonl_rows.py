"""JSON Lines: odd lines that do not take the others along, and what JSON writes that values cannot hold."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.inputs import notes
from tests.rlmlite.inputs.tables.table_files import load_rows, load_table


@pytest.mark.parametrize("place", [0, 1, 250, 499, 500, 600])
@pytest.mark.parametrize("odd", ['"restart"', "[1, 2]", "7", "true"])
def test_an_odd_line_does_not_take_the_records_along(tmp_path: Path, place: int, odd: str) -> None:
    """Records keep their columns; `value` is every line as it is."""
    lines = [f'{{"n": {n}}}' for n in range(600)]
    lines.insert(place, odd)
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    counts = "count(context), count(where(context, .value == null)), count(where(context, .n != null))"
    program = f"final([{counts}, sum(context.n)])"

    rows = load_rows(tmp_path / "a.jsonl")

    assert rlmlite.execute(program, tmp_path / "a.jsonl", trace=False).value == [601, 0, 600, 179_700]
    assert rows.pop(place) == {"n": None, "value": json.loads(odd)}
    assert rows == [{"n": n, "value": {"n": n}} for n in range(600)]


def test_a_key_called_value_keeps_its_name(tmp_path: Path) -> None:
    """The whole lines are `value_2` then, which is said."""
    (tmp_path / "a.jsonl").write_text('{"value": 1}\n"x"\n')

    found, rows = load_table(tmp_path / "a.jsonl")

    assert rows == [{"value": 1, "value_2": {"value": 1}}, {"value": None, "value_2": "x"}]
    assert "'value' is value_2" in "".join(notes("t", found))


@pytest.mark.parametrize(
    ("line", "expected", "said"),
    [
        (
            b'{"a":',
            [],
            "not JSON were left out (1; the first: line 2, not JSON: Expecting value at column 6)",
        ),
        (b"starting up", [], "left out (1"),
        (b'{"a": 1}{"a": 2}', [], "left out (1; the first: line 2, not JSON: Extra data at column 9)"),
        (b"[" * 200 + b"]" * 200, [], "nested deeper than 128"),
        (b'{"a": ' + b"9" * 1_001 + b"}", [], "an integer of more than 1000 digits"),
        (b'{"a": "' + b"9" * 1_001 + b'"}', ["9" * 1_001], ""),
        (b'{"a": "' + b"[" * 200 + b'"}', ["[" * 200], ""),
        (b'{"a": NaN}', [None], "NaN and infinite numbers in JSON became null (1; the first: line 2, NaN)"),
        (b'{"a": [-Infinity, 1]}', [[None, 1]], "(1; the first: line 2, -Infinity)"),
        (b'{"a": 1e999}', [None], "(1; the first: line 2, 1e999)"),
        (b'{"a": "\\ud83d!"}', ["\ufffd!"], "halves of surrogate pairs became U+FFFD (1; the first: line 2)"),
        (b'{"a": "\\ud83d\\ude00"}', ["\U0001f600"], ""),
        (b'{"a": "\xff"}', ["\ufffd"], "1 bad byte became U+FFFD"),
        (b'{"a": 1, "a": 2}', [2], ""),
        (b'{"a":\r 5}\r', [5], ""),
        (b" \t\r", [], ""),
        (b'{"a": 123456789012345678901234567890}', [123456789012345678901234567890], ""),
    ],
)
def test_a_bad_line_does_not_take_the_others_along(tmp_path: Path, line: bytes, expected: list[Any], said: str) -> None:
    """It is left out, or only what cannot be held is replaced; either is said."""
    (tmp_path / "a.jsonl").write_bytes(b'{"a": "x"}\n' + line + b'\n{"a": "y"}\n')

    found, rows = load_table(tmp_path / "a.jsonl")
    heard = "".join(notes("t", found))

    assert [row["a"] for row in rows] == ["x", *expected, "y"]
    assert said in heard
    assert bool(said) is bool(heard)
