"""Warnings and notes: from the step that makes them to its record, the end of the run, and the state."""

import re
from pathlib import Path

import rlmlite_kernel
from rlmlite_kernel import seal
from rlmlite_kernel.records.evolution import FLAGS, NULLS_ARE_SAID
from rlmlite_kernel.records.records import Remark, Seal
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.records.remarks import CODES, StepRemark, merge_remarks
from tests.kernel.machine import Machine

PROGRAM = 'h = search(context, "a", limit=1)\nx = map(h, .foo)\ny = where(h, .line == "1")'


def test_records_hold_them_without_words() -> None:
    """A step and the end of the run have codes, and blobs for what was quoted of the data."""
    machine = Machine({"context": "banana\n"})
    machine.turn(PROGRAM)
    searched, mapped, compared = machine.steps()
    entry = seal(machine.state)
    assert isinstance(entry.record, Seal)
    example = blob(machine.state.run.salts, b"doc, line, start, end, match, text, groups")

    assert searched.notes == (Remark(code="hits_limited"),)
    assert mapped.warnings == (Remark(code="no_field", example=example.ref),)
    assert (entry.record.warnings, entry.record.notes) == ((*mapped.warnings, *compared.warnings), searched.notes)
    assert example in entry.blobs


def test_a_run_of_before_has_none_on_record() -> None:
    """Without the flag steps and the end record nothing of them, and are told as they were."""
    machine = Machine({"context": "banana\n"}, flags=FLAGS.keys() - {NULLS_ARE_SAID})
    observation = machine.turn(PROGRAM)
    entry = seal(machine.state)
    assert isinstance(entry.record, Seal)

    assert [(step.warnings, step.notes) for step in machine.steps()] == [((), ())] * 3
    assert (entry.record.warnings, entry.record.notes, entry.blobs) == ((), (), ())
    assert "! 1 of 3 hits are kept" in observation


def test_each_is_said_once_with_its_count() -> None:
    """The same remark of two steps is one, which applied as often as both together."""
    twice = StepRemark("text met a number", code="kinds_mixed", n=2)
    note = StepRemark("no hits", is_note=True)

    assert merge_remarks([twice, note, twice]) == (twice._replace(n=4), note)


def test_every_code_is_in_the_table() -> None:
    """The kernel names no code of a warning or a note that the reference does not explain."""
    sources = Path(rlmlite_kernel.__file__).parent.rglob("*.py")
    spelled = re.compile(r'(?:\bcode=|\bmiss\(|\bMiss\(|\b_say\(|NoResult\()\s*"([a-z_]+)"')
    codes = {code for path in sources for code in spelled.findall(path.read_text("utf-8"))}

    assert codes - CODES.keys() == set()
