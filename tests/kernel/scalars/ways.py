"""The ways in which an expression over texts is evaluated: alone, by row, over columns, over lines in blocks."""

from collections.abc import Collection, Sequence
from typing import Any

from rlmlite_kernel.records.evolution import FLAGS
from rlmlite_kernel.testing.laws.outcomes import columns_from
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from


def alone(expression: str, texts: Sequence[Any], flags: Collection[int] = tuple(FLAGS)) -> list[Any]:
    """The values of an expression of `.text`, each in a statement of its own; a fault is null here."""
    machine = Machine({"rows": [{"text": text} for text in texts]}, flags=flags)
    machine.turn("\n".join(f"x{n} = {expression.replace('.text', f'rows[{n}].text')}" for n in range(len(texts))))
    known = machine.state.variables
    return [machine.value(f"x{n}") if f"x{n}" in known else None for n in range(len(texts))]


def by_row(expression: str, texts: Sequence[Any], many: int = 10**9) -> tuple[list[Any], list[str]]:
    """The values over rows of records, and the codes of what was said."""
    with columns_from(many):
        machine = Machine({"rows": [{"text": text} for text in texts]})
        return _played(machine, f"x = map(rows, {expression})")


def by_line(expression: str, texts: Sequence[str], block: int) -> tuple[list[Any], list[str]]:
    """The values over the lines of a text that is read in blocks."""
    with lines_from(0, block), columns_from(1):
        machine = Machine({"log": "\n".join(texts) + "\n"})
        return _played(machine, f"x = map(log.lines, {expression})")


def _played(machine: Machine, program: str) -> tuple[list[Any], list[str]]:
    observation = machine.turn(program)
    assert machine.codes()[-1] == "", observation
    return machine.value("x"), [f"{remark.code} {remark.n}" for remark in machine.state.remarks]


def everywhere(expression: str, texts: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """The values, and what was said, which must be the same in each way. Texts without line ends go by line too."""
    values, said = by_row(expression, texts)
    assert by_row(expression, texts, many=1) == (values, said)
    assert [repr(value) for value in alone(expression, texts)] == [repr(value) for value in values]
    if all(isinstance(text, str) and text and "\n" not in text and "\r" not in text for text in texts):
        assert by_line(expression, texts, 7) == (values, said)
        assert by_line(expression, texts, 1 << 20) == (values, said)
    return values, said
