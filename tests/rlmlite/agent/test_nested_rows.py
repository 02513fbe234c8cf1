"""What a nested run has found in rows and records is found in the inputs of its parent, place by place. (D3, D4)"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite import Outcome, Scripted
from rlmlite.inputs import deriving
from rlmlite_traces import Verdict, nested_traces, replay, verify

LOG = "".join(f"{n:03} {'ERROR disk' if n % 7 == 3 else 'INFO  ok'} {n % 5}\n" for n in range(60))
TABLE = "id,level,msg\n" + "".join(f'{n},{"INFO" if n % 3 else "ERROR"},"disk, {n % 2}"\n' for n in range(12))
TWINS = {"a.txt": "boot\nERROR disk\n", "b.txt": "boot\nERROR disk\n", "c.txt": "late\n"}
JSON_LINES = "".join(f'{{"n": {n}, "who": "ann {n % 2}", "tags": ["x", "y{n}"]}}\n' for n in range(6))


def inputs(folder: Path) -> dict[str, Path]:
    """A log, a table, JSON lines and a folder with twins."""
    (folder / "docs").mkdir(exist_ok=True)
    for name, text in {"a.log": LOG, "t.csv": TABLE, "r.jsonl": JSON_LINES}.items():
        (folder / name).write_text(text)
    for name, text in TWINS.items():
        (folder / "docs" / name).write_text(text)
    return {"log": folder / "a.log", "t": folder / "t.csv", "r": folder / "r.jsonl", "docs": folder / "docs"}


def run(folder: Path, program: str, *inner: str, trace: Path | None = None) -> Outcome:
    return rlmlite.execute(
        program,
        inputs(folder),
        nested=[Scripted([text] * 20) for text in inner],
        limits={"depth": max(1, len(inner))},
        trace=trace or False,
    )


def evidence(outcome: Outcome) -> list[tuple[str, str, int, int, str]]:
    """The pieces of evidence: of what, from where to where, and the words."""
    return [(each.input, Path(each.path).name, each.start, each.stop, each.text) for each in outcome.evidence]


ROWS = {
    "hits": 'search(log, "ERROR")',
    "their texts": 'search(log, "ERROR").text',
    "lines": "log.lines[3:30]",
    "rows of a form": 'parse_lines(log, "{n} {level} {rest}")',
    "a part of a table": "t[2:9]",
    "filtered rows of a table": 'where(t, .level == "ERROR")',
    "a column of a table": "t.msg",
    "JSON lines": "r[1:5]",
    "hits in twins": 'search(docs, "ERROR")',
    "hits in one of twins": 'where(search(docs, "ERROR"), .doc == "b.txt")',
    "rows made of rows": "map(log.lines[3:12], {at: .line, words: .text})",
    "parts of the text of rows": "map(log.lines[3:12], .text[4:9])",
    "computed words by row": "map(t[0:5], upper(.level))",
    "numbers by row": "map(t[0:5], {id: .id})",
    "a record": "search(log, /ERROR/)[2]",
    "a row of a table": "t[3]",
}

PARTS = {
    **ROWS,
    "a list of texts": "[log[0:16], log[20:36], docs[1].text]",
    "texts in lists": "[[log[0:9], log[20:30]], [log[40:60]]]",
}

SEARCHED = (
    "hits",
    "their texts",
    "lines",
    "hits in twins",
    "hits in one of twins",
    "parts of the text of rows",
)


@pytest.mark.parametrize("rows", ROWS)
def test_evidence_is_that_of_the_same_program_without_nesting(tmp_path: Path, rows: str) -> None:
    """Whatever rows are handed down, what rests on them rests on the same places, one level down and two."""
    value = ROWS[rows]
    direct = run(tmp_path, f"x = {value}\nfinal([x])")
    nested = run(tmp_path, f'x = {value}\nn = sub_rlm("?", x=x)\nfinal(n)', "final([x])")
    deep = run(
        tmp_path,
        f'x = {value}\nn = sub_rlm("?", x=x, share=0.9)\nfinal(n)',
        'n = sub_rlm("?", y=x, share=0.9)\nfinal(n)',
        "final([y])",
    )

    assert evidence(direct)
    assert sorted(evidence(nested)) == sorted(evidence(deep)) == sorted(evidence(direct))
    assert (nested.evidence_total, nested.basis) == (direct.evidence_total, direct.basis)


@pytest.mark.parametrize("rows", PARTS)
@pytest.mark.parametrize("named", ["x", "x[0]"])
def test_named_evidence_is_that_of_the_same_program_without_nesting(tmp_path: Path, rows: str, named: str) -> None:
    """Rows, or one of them, that a program names as evidence are the same places."""
    direct = run(tmp_path, f"x = {PARTS[rows]}\nfinal([1], evidence={named})")
    nested = run(tmp_path, f'x = {PARTS[rows]}\nn = sub_rlm("?", x=x)\nfinal(n)', f"final([1], evidence={named})")

    assert sorted(evidence(nested)) == sorted(evidence(direct))


@pytest.mark.parametrize("rows", SEARCHED)
def test_what_is_searched_below_is_found_and_counted_here(tmp_path: Path, rows: str) -> None:
    """Hits of a nested run are hits in its parent's inputs, and what it scanned was scanned there."""
    body = "h = search(x, /\\w\\w+/)\nfinal([1], evidence=h)"
    direct = run(tmp_path, f"x = {ROWS[rows]}\n{body}")
    nested = run(tmp_path, f'x = {ROWS[rows]}\nn = sub_rlm("?", x=x)\nfinal(n)', body)
    scanned = [{name: each["scanned"] for name, each in outcome.coverage.items()} for outcome in (direct, nested)]

    assert sorted(evidence(nested)) == sorted(evidence(direct)) != []
    assert scanned[0] == scanned[1]


LINES = st.lists(st.sampled_from(["ERROR disk", "ERROR net", "ok", ""]), min_size=1, max_size=8)


@given(LINES, st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_equal_lines_the_one_that_was_handed_down_is_cited(lines: list[str], data: st.DataObject) -> None:
    """Wherever equal lines stand, evidence of a nested run is the line that it named, and no twin of it."""
    first = data.draw(st.integers(1, len(lines)))
    chosen = data.draw(st.integers(first, len(lines)))
    program = f'n = sub_rlm("?", part=log.lines[{first}:{len(lines) + 1}])\nfinal(n)'
    inner = f"final([1], evidence=part[{chosen - first}])"
    outcome = rlmlite.execute(program, {"log": "\n".join(lines) + "\n"}, nested=Scripted([inner] * 9), trace=False)

    expected = [(chosen, lines[chosen - 1])] if lines[chosen - 1] else []
    assert [(each.line, each.text) for each in outcome.evidence if each.text] == expected


def test_each_run_of_a_fan_out_has_its_row(tmp_path: Path) -> None:
    """What is found in a cell of a table is found in the row that it was handed with, and all of it replays."""
    place = tmp_path / "t.rlm"
    outcome = run(
        tmp_path,
        'e = explore_over_rows(t[3:6], "?", {m: .msg, row: {level: .level}})\nfinal(e[1].answer, evidence=e[1].answer)',
        'h = search(m, "disk")\nshow(row.level)\nfinal(m, evidence=h)',
        trace=place,
    )
    trace = verify(place)

    assert outcome.coverage["t"]["scanned"] == 3 * len("disk, 0")
    assert outcome.value == "disk, 0"
    assert [(each.line, each.text) for each in outcome.evidence] == [(6, "disk, 0")]
    assert replay(trace, derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED
    for each in nested_traces(trace, place):
        assert each.trace is not None
        assert replay(each.trace).verdict is Verdict.REPRODUCED


def test_what_stands_nowhere_is_said(tmp_path: Path) -> None:
    """A word that a program made is left out, with a note; it is not taken for an equal one that stands somewhere."""
    program = 'x = [upper(log[4:6]), "ERROR " + "disk", 3]\nn = sub_rlm("?", x=x)\nfinal(n)'
    outcome = run(tmp_path, program, "final([1], evidence=x[1])")

    assert outcome.evidence == ()
    assert "evidence_limited" in [note.code for note in outcome.notes]
