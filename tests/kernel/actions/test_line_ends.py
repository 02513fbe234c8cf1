"""Line ends in the language: whatever ends the lines of a text, a program sees the same lines, at their own places."""

import pytest

from rlmlite_kernel.records.evolution import FLAGS, WHOLE_LINES
from rlmlite_kernel.values.lines import kind
from tests.kernel.machine import Machine

TABLE = "id | st\na | ok\nb | fail\n\nc | ok\n  more\nd | ok"
BEFORE = FLAGS.keys() - {WHOLE_LINES}

PROGRAMS = (
    'map(parse_lines(x, "{id} | {st}"), [.line, .text, .id, .st])',
    'count_by(parse_lines(x, "{id} | {st}"), .st)',
    r"count_by(parse_lines(x, /(?<st>\w*)$/), .st)",
    'map(parse_lines(x, "{id} | {st}").unmatched, [.line, .text])',
    r"map(search(x, /^\w+ \| (\w+)$/), [.line, .text, .match, .groups])",
    r"map(search(x, /k$/s), [.line, .match])",
    r"map(search(x, /.+$/), .match)",
    'map(search(x, template="<*> | ok"), [.line, .match])',
    "map(x.lines, [.line, .text])",
    "x.lines[3]",
    "count(x.lines)",
    r"count(search(x, /^$/))",
    "count(search(x, /$/))",
    "map(patterns(x), [.template, .n, .first, .last, .example])",
    "map(around(search(x, /fail/), lines=0), .text)",
    'map(around(search(x, /more/), by="records"), [.line, .match])',
    'map(chunk(x, size=2, by="lines"), .line)',
    'map(chunk(x, size=1, by="paragraphs"), .line)',
    "map(chunk(x, by=/^[a-d] /), .line)",
    r"count(where(search(x, /\|/), .text matches /ok$/))",
    r"count(search(x, /\|/, where=.text matches /ok$/))",
    'map(rank(x, "fail", by="lines"), [.line, .text])',
)


@pytest.mark.parametrize("end", ["\r\n", "\r", "mixed"])
@pytest.mark.parametrize("large", [False, True])
def test_lines_are_the_same_whatever_ends_them(end: str, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of lines, fields, hits, patterns, chunks and conditions; also where lines are held as a recipe."""
    if large:
        monkeypatch.setattr(kind, "LARGE", 1)
    ends = iter(["\r\n", "\n", "\r", "\r\n", "\r\n", "\r"])
    text = "".join(next(ends) if char == "\n" and end == "mixed" else char for char in TABLE)
    text = text if end == "mixed" else TABLE.replace("\n", end)
    run, usual = Machine({"x": text}), Machine({"x": TABLE})

    for program in PROGRAMS:
        assert run.of(program) == usual.of(program), program


def test_places_are_those_of_the_file() -> None:
    """Offsets count every byte, and what lies between them is the text as it is, line ends in its middle included."""
    run = Machine({"x": "é\r\nb | ok\rc"})

    assert run.of(r"map(search(x, /ok$/), [.line, .start, .end])") == [[2, 8, 10]]
    assert run.of("map(x.lines, [.start, .end])") == [[0, 2], [4, 10], [11, 12]]
    assert run.of('around(search(x, "ok"), lines=1)[0].text') == "é\r\nb | ok\rc"
    assert run.of('map(chunk(x, size=2, by="lines"), .text)') == ["é\r\nb | ok\r", "c"]


def test_who_asks_for_a_carriage_return_sees_it() -> None:
    r"""A query that names `\r` is run over the text as it is."""
    run = Machine({"x": "ok\r\nok\nok\r\n"})

    assert run.of(r"count(search(x, /ok\r$/))") == 2
    assert run.of(r"count(search(x, /ok\r?$/))") == run.of("count(search(x, /ok$/))") == 3
    assert run.of(r'count(search(x, "ok\r"))') == run.of(r'count(search(x, "\r\n"))') == 2
    assert run.of(r'replace(x, /\r\n/, "\n")') == "ok\nok\nok\n"


@pytest.mark.parametrize("char", ["\f", "\v", "\x85", "\u2028", "\u2029", "\x1c"])
def test_nothing_else_ends_a_line(char: str) -> None:
    """A form feed, NEL and the separators of Unicode are characters of their line."""
    run = Machine({"x": f"a{char}b\nc"})

    assert run.of("map(x.lines, .text)") == [f"a{char}b", "c"]
    assert run.of("count(search(x, /^b/))") == 0
    assert run.of('parse_lines(x, "{all}")[0].all') == f"a{char}b"


def test_a_part_that_cuts_a_line_end() -> None:
    r"""A slice that ends or begins between `\r` and `\n` is a text of its own."""
    run = Machine({"x": "ab\r\ncd\r\n"})

    assert run.of("map(x[0:3].lines, .text)") == ["ab"]
    assert run.of("map(x[3:8].lines, .text)") == ["", "cd"]
    assert run.of("count(search(x[0:3], /b$/))") == run.of("count(search(x[3:8], /^$/))") == 1
    assert run.of('map(parse_lines(x[3:8], "{all}"), .all)') == ["", "cd"]


def test_before_the_flag_a_carriage_return_was_part_of_its_line() -> None:
    """A run from before `WHOLE_LINES` keeps its lines, and its pieces of 64 KiB."""
    run = Machine({"x": "a | ok\r\nb | ok\rc\n", "long": "a" * 65_535 + "ERROR\n"}, flags=BEFORE)

    assert run.of('map(parse_lines(x, "{id} | {st}"), [.line, .st])') == [[1, "ok\r"], [2, "ok\rc"]]
    assert run.of("count(search(x, /ok$/))") == 0
    assert run.of("map(x.lines, .text)") == ["a | ok\r", "b | ok\rc"]
    assert "searched in pieces" in run.turn('n = count(search(long, "ERROR"))')
    assert run.of("n") == 0


def test_a_line_of_any_length_is_one_line() -> None:
    """Captures, anchors and plain words in lines beyond every size at which text is taken in pieces."""
    run = Machine({"x": "a" * 65_535 + "ERROR bbb\n" + "x" * 200_000, "big": "- " * 700_000 + '"id":17,"end":1}'})

    queries = ["/ERROR/s", '"ERROR"', "/^x/", "/x$/", "/error B/i", "/^a+ERROR b+$/", '["ERROR", "RROR"]']
    assert [run.of(f"count(search(x, {query}))") for query in queries] == [1] * 7
    assert run.of(r'map(search(big, /"id":(\d+).*(\d)}$/), .groups)') == [["17", "1"]]
    assert run.of(r"len(parse_lines(big, /^(?<all>.*)$/)[0].all)") == 1_400_016
    assert run.of(r"map(parse_lines(x, /(?<a>ERROR) (?<b>b*)$/), [.line, .a, .b])") == [[1, "ERROR", "bbb"]]


def test_what_work_does_not_pay_for_is_said() -> None:
    """A line with more matches than there is work for is not counted to its end, and that is said."""
    run = Machine({"x": "ok\n" + "a " * 1_000_000})

    assert "unseen" in run.turn("n = count(search(x, /\\ba/))")
    assert run.of("n") == 1_000


def test_a_name_that_several_regexes_use_is_one_field() -> None:
    """The group of whichever regex matched; null where none of that name took part. `groups` keeps all by number."""
    run = Machine({"x": "a1 b2 c b\n"})
    hits = r'search(x, [/(?<d>a\d)/, /(?<d>b(?<n>\d)?)/, "c"])'

    assert run.of(f"map({hits}, [.match, .d, .n])") == [
        ["a1", "a1", None],
        ["b2", "b2", "2"],
        ["c", None, None],
        ["b", "b", None],
    ]
    assert run.of(f"map({hits}, .groups)")[:2] == [["a1", None, None], [None, "b2", "2"]]
    assert run.of(f"map(count_by({hits}, .d), .n)") == [1, 1, 1, 1]
    assert run.of(r'replace(x, [/(?<d>a\d)/, /(?<d>b\d)/], "<${d}>")') == "<a1> <b2> c b\n"


@pytest.mark.parametrize(("query", "notes"), [("/a.*b/s", ["long_matches"]), ("/a.*b/", []), ('"ab"', [])])
def test_matches_across_lines_are_said_to_be_bounded(query: str, notes: list[str]) -> None:
    """Only where a regex may cross lines, and in a text that is longer than its matches may be."""
    machine = Machine({"context": "ab\n" * 30_000, "small": "ab\n"})
    machine.turn(f"x = count(search(context, {query}))\ny = count(search(small, {query}))")

    assert [remark.code for remark in machine.state.remarks if remark.code == "long_matches"] == notes
