"""parse_lines with records: entries of logs with the lines that belong to them."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.records.evolution import FLAGS, TIMES_AND_STEMS
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from
from tests.sizes import scale

LOGS = {
    "a.log": "banner\n\n10:01 ERROR disk\nTraceback:\n  at f\n\nCaused by: x\n\n10:02 INFO up\n",
    "b.log": "10:03 WARN late\r\n\tat g\r\n\r\n",
    "c.log": "",
    "d.log": "nothing here",
}
FORM = "/^(?<at>\\d\\d:\\d\\d) (?<level>\\w+) (?<what>.*)$/"


def test_records_keep_what_follows_their_first_line() -> None:
    """In each document by itself; fields are of the first line, and blank lines at the end belong to nothing."""
    machine = Machine({"logs": LOGS})
    observation = machine.turn(f"r = parse_lines(logs, {FORM}, records=true)\nu = r.unmatched")
    rows = machine.value("r")
    assert [(row["doc"], row["line"], row["level"], row["what"], row["text"]) for row in rows] == [
        ("a.log", 3, "ERROR", "disk", "10:01 ERROR disk\nTraceback:\n  at f\n\nCaused by: x"),
        ("a.log", 9, "INFO", "up", "10:02 INFO up"),
        ("b.log", 1, "WARN", "late", "10:03 WARN late\r\n\tat g"),
    ]
    assert [(row["doc"], row["line"], row["text"]) for row in machine.value("u")] == [
        ("a.log", 1, "banner"),
        ("a.log", 2, ""),
        ("d.log", 1, "nothing here"),
    ]
    assert "3 lines stand before the first record of their text" in observation


def test_a_record_is_cited_whole_and_by_its_place() -> None:
    """Its span goes from its first line to its last."""
    machine = Machine({"logs": LOGS})
    machine.turn(
        f'r = where(parse_lines(logs, {FORM}, records=true), .text contains "Caused")\nfinal(r.what, evidence=r)'
    )
    answer = machine.state.answer
    assert answer is not None
    assert [(item.start, item.stop) for item in answer.evidence] == [(8, 8 + len(machine.value("r")[0]["text"]))]


@settings(max_examples=scale(60))
@given(st.lists(st.sampled_from(["# a", "# b", "x", "  y", "", "é"]), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_records_are_what_a_reader_line_by_line_makes(lines: list[str], end: str) -> None:
    """Every line is in one record or unmatched, but for blank ones at the end of a record."""
    text = end.join(lines) + end
    machine = Machine({"log": text})
    machine.turn("r = parse_lines(log, /^# (?<id>\\w)/, records=true)\nt = r.text\nu = r.unmatched.text")
    records: list[list[str]] = []
    lead_in: list[str] = []
    for line in text.split(end)[:-1]:
        if line.startswith("#"):
            records.append([line])
        else:
            (records[-1] if records else lead_in).append(line)
    assert machine.value("t") == [re.sub(f"({end})+$", "", end.join(record)) for record in records]
    assert machine.value("u") == lead_in


def test_large_texts_have_the_same_records() -> None:
    """They are held as columns, whatever the size of the text."""
    log = "".join(f"# {n % 7}\n  at {n}\n" for n in range(300))
    found = []
    for size in (1 << 60, 0):
        with lines_from(size, 100):
            machine = Machine({"log": log})
            machine.turn('r = parse_lines(log, "# {id}", records=true)\nn = count_by(r, id)')
            found.append((machine.value("r"), machine.value("n")))
    assert found[0] == found[1]
    assert len(found[0][0]) == 300


def test_a_search_that_ran_out_leaves_the_rest_unseen() -> None:
    """The last record reaches no further than what was looked at."""
    machine = Machine({"log": "# 1\nx\n" * 60_000}, limits=Limits(search_work=200_000))
    observation = machine.turn("r = parse_lines(log, /^# (?<id>\\w)/, records=true)\nl = last(r).text")
    assert "are unseen" in observation
    assert machine.value("l") in ("# 1", "# 1\nx")


def test_a_run_of_before_has_no_records() -> None:
    """Its call had a parameter too many, and still has."""
    machine = Machine({"log": "# 1\nx\n"}, flags=set(FLAGS) - {TIMES_AND_STEMS})
    machine.turn("r = parse_lines(log, /^# (?<id>\\w)/, records=true)")
    assert machine.codes() == ["unknown_name"]
