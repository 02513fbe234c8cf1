"""Slips that controllers make in row expressions: each means what was meant, or is said."""

import pytest

from tests.kernel.machine import Machine

LOG = "2024-01-02 INFO one 1\n2024-01-03 WARN two 22\n2024-01-03 WARN three 3\n\n"


@pytest.fixture
def machine() -> Machine:
    """A log, parsed into `rows`."""
    made = Machine({"log": LOG})
    made.turn(r"rows = parse_lines(log, /(?<day>\S+) (?<level>\w+) (?<word>\w+)/)")
    return made


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('replace(.word, "two", "2")', ["one", "2", "three"]),
        ('replace(.word, what=/e/, to="$0!")', ["one!", "two", "thre!e!"]),
        ('replace(.word, [["one", "1"], [/t(.)/, "$1"]])', ["1", "wo", "hree"]),
        ('replace(.word, "t")', ["one", "wo", "hree"]),
    ],
)
def test_replace_takes_its_replacement_row_by_row(machine: Machine, call: str, expected: list[str]) -> None:
    """A given replacement takes the place of the default."""
    assert machine.of(f"map(rows, {call})") == expected


@pytest.mark.parametrize("key", [".level", "level", '"level"', "rows.level"])
def test_a_key_is_a_column_however_it_is_written(machine: Machine, key: str) -> None:
    """`rows.level` as the key of rows is their column, as `.level` is."""
    assert machine.of(f"count_by(rows, {key})") == [{"key": "WARN", "n": 2}, {"key": "INFO", "n": 1}]


def test_a_reversed_key_may_be_written_with_its_rows(machine: Machine) -> None:
    """The prefix `-` goes with any spelling of a key."""
    assert machine.of("sort(rows, by=[rows.level, -rows.line]).line") == [1, 3, 2]


def test_a_whole_column_compared_with_one_value_is_said(machine: Machine) -> None:
    """It never holds, and nobody means it."""
    seen = machine.turn('it = where(rows, rows.level == "WARN")')

    assert machine.value("it") == []
    assert "`==` compared a whole list with one value" in seen


@pytest.mark.parametrize("condition", ['"level" == "WARN"', "true", 'level == "WARN"'])
def test_a_condition_that_looks_at_no_field_is_said(machine: Machine, condition: str) -> None:
    """It keeps all rows or none."""
    seen = machine.turn(f'level = "WARN"\nit = where(rows, {condition})')

    assert "the condition is the same for every row" in seen


def test_contains_and_in_are_the_same_question(machine: Machine) -> None:
    """A list that is the same for every row may stand on either side."""
    machine.turn('words = ["two", "three"]')

    assert (
        machine.of("where(rows, words contains .word).line") == machine.of("where(rows, .word in words).line") == [2, 3]
    )
    assert machine.of("where(rows, words not contains .word).line") == [1]
    assert machine.of('where(rows, .word not in "one two").line') == [3]


def test_lines_set_apart_rest_on_themselves(machine: Machine) -> None:
    """The evidence of an unmatched line is that line, not those that matched."""
    machine.turn("final(rows.unmatched)")

    assert machine.state.answer is not None
    assert [found.line for found in machine.state.answer.evidence] == [4]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Sun Dec 04 04:47:44 2005", "2005-12-04"),
        ("04/Dec/2005:04:47:44 +0000", "2005-12-04"),
        ("Wed, 04 Dec 2005 04:47:44 GMT", "2005-12-04"),
        ("Jan 03, 2023", "2023-01-03"),
        ("2005.06.03-15.42.50", "2005-06-03"),
        ("sunny days 3 2005", None),
        ("Monday", None),
    ],
)
def test_dates_of_logs_and_letters_are_read(machine: Machine, written: str, expected: str | None) -> None:
    """A weekday before a date and a time in it do not hide it."""
    assert machine.of(f'map(["{written}"], date(.value))') == [expected]


@pytest.mark.parametrize(
    "call", ["range(.n)", "range(0, .n)", "sample(.rows, .n)", "sample(.rows, -.k)", "sample(.rows, 1, seed=.n)"]
)
@pytest.mark.parametrize("n", [None, "3", 1.5, True, [1]])
def test_an_argument_of_another_kind_is_a_fault_in_rows_too(call: str, n: object) -> None:
    """A whole number that an action takes is checked for each row, as it is in a call of its own."""
    machine = Machine({"rows": [{"n": n, "k": 1, "rows": [1, 2]}]})
    machine.turn(f"x = map(rows, {call})")

    is_default = n is None and call == "range(0, .n)"
    assert machine.codes() == ([""] if is_default else ["bound"] if "-.k" in call else ["type"])


def test_a_limit_of_the_program_leaves_a_join_whole() -> None:
    """A limit that the program gives is said; only the bound of the action itself would make the answer partial."""
    machine = Machine({"rows": [{"k": 1}] * 3})
    seen = machine.turn("x = join(rows, rows, on=k, limit=4)")

    assert "join kept the first 4 of 9 pairs" in seen
    assert not machine.state.partial
