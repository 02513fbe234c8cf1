"""json_parse in row expressions: a value for each row, and what is not JSON is counted with its place."""

from rlmlite_kernel import Limits
from rlmlite_kernel.records.evolution import FLAGS, TIMES_AND_STEMS
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from
from tests.kernel.scalars.ways import by_line, by_row, everywhere

LINES = ['{"a": {"n": 1}}', "[1, 2.5, null]", "3", "ERROR disk", '{"a": 1, "a": 2}', "{'a': 1}", '"x"']


def test_each_row_has_its_value() -> None:
    """Odd rows are null, the same alone, by row, over columns and over blocks."""
    values, said = everywhere("json_parse(.text)", LINES)
    assert values == [{"a": {"n": 1}}, [1, 2.5, None], 3, None, None, None, "x"]
    assert said == ["not_json 1", "not_json 1", "not_json 1"]
    assert by_row("json_parse(.text)", [None, 3, "3"]) == ([None, None, 3], ["not_texts 1"])


def test_values_are_looked_into_at_once() -> None:
    """`json_parse(.text).a.n`, or a field of it after `extend`."""
    assert by_line("json_parse(.text).a.n", LINES[:2], 9)[0] == [1, None]
    with lines_from(0, 20):
        machine = Machine({"log": "\n".join(LINES)})
        machine.turn(
            "j = extend(log.lines, {j: json_parse(.text)})\nx = where(j, .j.a.n == 1).line\ny = count_by(j, .j)"
        )
    assert machine.value("x") == [1]
    assert sum(row["n"] for row in machine.value("y")) == len(LINES)


def test_the_first_odd_row_is_said_with_its_place() -> None:
    """Its line, its text, and why, once for each reason."""
    machine = Machine({"log": "1\n2\noops\nno\n[1\n"})
    observation = machine.turn("x = map(log.lines, json_parse(.text))")
    assert "2 of 5 texts are not JSON, the first on line 3 of log: Expecting value" in observation
    assert "oops" in observation
    assert machine.state.coverage.report()["log"]["scanned"] == len("1\n2")


def test_a_limit_still_ends_the_step() -> None:
    """Only what is not JSON is null: a value that is too large is a fault, as is work beyond the budget."""
    rows = [{"text": "[" + "[]," * 30_000 + "[]]"}]
    machine = Machine({"rows": rows}, limits=Limits(value_bytes=200_000))
    machine.turn("x = map(rows, json_parse(.text))")
    assert machine.codes() == ["too_large"]


def test_a_run_of_before_has_it_for_single_texts() -> None:
    """It could not stand in a row expression, and by itself it is at fault as it was."""
    machine = Machine({"log": "1\nno\n"}, flags=set(FLAGS) - {TIMES_AND_STEMS})
    machine.turn("x = map(log.lines, json_parse(.text))")
    assert machine.codes()[-1] == "type"
    machine.turn("x = json_parse(log)")
    assert machine.codes() == ["json"]
