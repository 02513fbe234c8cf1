"""Forms and templates of lines: blanks that align columns, fields that are always empty, and counts of `patterns`."""

import random

import pytest

from rlmlite_kernel import Limits
from rlmlite_kernel.records.evolution import FLAGS, HABITS_OF_ROWS, WHOLE_LINES
from rlmlite_kernel.values.lines import kind
from tests.kernel.machine import Machine
from tests.sizes import scale

BEFORE = FLAGS.keys() - {WHOLE_LINES}
LOG = "2024-01-02 10:11:12,  INFO   core    hello world\n2024-01-02 10:11:13,  WARN\tdisk \t x  y\n"
FORM = '"{date} {time}, {level} {component} {msg}"'


@pytest.mark.parametrize("large", [False, True])
def test_a_blank_of_a_form_is_any_run_of_blanks(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of tabs; what a field holds in its middle stays as it is."""
    if large:
        monkeypatch.setattr(kind, "LARGE", 1)
    run = Machine({"x": LOG})

    assert run.of(f"map(parse_lines(x, {FORM}), [.level, .component, .msg])") == [
        ["INFO", "core", "hello world"],
        ["WARN", "disk", "x  y"],
    ]
    assert run.of('map(parse_lines(x, "{a},   {b} {c}"), .b)') == ["INFO", "WARN"]
    assert "empty" not in run.turn(f"p = parse_lines(x, {FORM})")


@pytest.mark.parametrize("large", [False, True])
def test_a_field_that_is_empty_on_every_line_is_said(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that takes lines apart elsewhere gives such a field; one that is empty here and there is none."""
    if large:
        monkeypatch.setattr(kind, "LARGE", 1)
    run = Machine({"x": "a,,c\nd,,f\n", "y": "a,,c\nd,e,f\n"})

    assert "`two` is empty" in run.turn('p = parse_lines(x, "{one},{two},{three}")')
    assert "`n` is empty" in run.turn(r"p = parse_lines(x, /^(?<one>\w)(?<n>\d)?/)")
    assert "empty" not in run.turn('p = parse_lines(y, "{one},{two},{three}")')


@pytest.mark.parametrize("large", [False, True])
def test_a_field_text_takes_the_place_of_the_line_s(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows keep their place all the same; other fields of a line cannot be taken."""
    if large:
        monkeypatch.setattr(kind, "LARGE", 1)
    run = Machine({"x": "7 | ann\n8 | bob\n"})

    assert run.of('parse_lines(x, "{id} | {text}").text') == ["ann", "bob"]
    assert run.of('where(parse_lines(x, "{id} | {text}"), .text == "bob")["line"]') == [2]
    assert "a group cannot be named `line`" in run.turn('p = parse_lines(x, "{line} | {text}")')


def test_a_text_is_an_index_of_rows() -> None:
    """It is the column; of a folder it is a path, as before, and no index of a list."""
    run = Machine({"x": "7 | ann\n8 | bob\n"})

    assert run.of('parse_lines(x, "{id} | {name}")["name"]') == ["ann", "bob"]
    assert "no column `age`" in run.turn('p = parse_lines(x, "{id} | {name}")["age"]')
    assert "an index must be a whole number" in run.turn('p = [1]["age"]')


def test_before_the_flag_both_were_faults() -> None:
    """An older run has the faults that it had."""
    run = Machine({"x": "7 | ann\n"}, flags=FLAGS.keys() - {HABITS_OF_ROWS})

    assert "a group cannot be named `text`" in run.turn('p = parse_lines(x, "{id} | {text}")')
    assert "an index must be a whole number" in run.turn('q = parse_lines(x, "{id} | {name}")["name"]')


def test_before_the_flag_a_blank_was_one_blank() -> None:
    """An older run keeps its fields, and says nothing of empty ones."""
    run = Machine({"x": LOG, "log": "pause    7 ms\npause   12 ms\n"}, flags=BEFORE)

    assert run.of(f"parse_lines(x, {FORM})[0].component") == "INFO"
    assert "empty" not in run.turn(f"p = parse_lines(x, {FORM})")
    assert run.of("count(search(log, template=patterns(log)[0].template))") == 1


WORDS = (
    "pause", "session", "opened", "started", "server", "took", "ms", "of", "disk", "(a)", "[x]", "user:", "a+b", "$y",
    "c:\\z", "^up", "<b>", "{k}", "k=v", "é.*", "ab|c", '"q"', "closed", "--", "#", "&amp;", "it's", "*", "?", "é\\n",
    "<*>", "(<*>)", "()", "( )", "\xa0up", "user", "Mon", "a..b",
)  # fmt: skip
NUMBERS = ("N", "N", "id=N", "(N)", "[N]", "/var/N", "N,", "N:N", "W", "W", "k=W")
NAMES = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ivy", "jon", "kim", "lee"]


def generate(chance: random.Random) -> str:
    """A log of some templates that share words, with blanks and tabs as they come, and words that vary."""
    words = chance.sample(WORDS, chance.randrange(2, 12))
    shapes = [chance.choices(words, k=chance.randrange(5)) for _ in range(chance.randrange(1, 8))]
    for shape in shapes:
        for _ in range(chance.randrange(4)):
            shape.insert(chance.randrange(len(shape) + 1), chance.choice(NUMBERS))
    lines = []
    for _ in range(chance.randrange(1, 60)):
        blank = chance.choice((" ", " ", "  ", "\t", " \t ", "     "))
        line = blank.join(chance.choice(shapes)).replace("N", str(chance.randrange(1, 10**4)))
        line = line.replace("W", chance.choice(NAMES))
        lines.append(chance.choice(("", "", "", " ", "\t")) + line + chance.choice(("", "", "", " ", "  ")))
    return chance.choice(("\n", "\n", "\r\n", "\r")).join(lines) + chance.choice(("", "\n"))


def compare(seed: int) -> None:
    """Every template is found on as many lines as `patterns` counts, and on the first of them."""
    run = Machine({"x": generate(random.Random(seed))})
    run.turn("p = patterns(x)")
    expected = run.of("map(p, [.template, .n, .first])")
    find = "search(x, template=p[{0}].template)"
    each = f"[p[{{0}}].template, count({find}), {find}[0].line]"
    found = run.of(f"[{', '.join(map(each.format, range(len(expected))))}]")
    assert found == expected, (seed, [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]])


@pytest.mark.parametrize("worker", range(2))
def test_templates_are_found_on_as_many_lines_as_patterns_counts(worker: int) -> None:
    """Whatever white space there is, and whatever signs are in the words."""
    for seed in range(worker, scale(30), 2):
        compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("worker", range(10))
def test_templates_of_thousands_of_logs(worker: int) -> None:
    """The same over 2,000 logs, with several templates each."""
    for seed in range(1_000 + worker, 3_000, 10):
        compare(seed)


def test_a_template_that_is_part_of_another_has_its_own_lines() -> None:
    """A template of whole lines finds these; one that no line is of as a whole is looked for within lines."""
    run = Machine({"x": "started\nserver started\nserver  7 started ()\nserver 8 started (9)\n"})

    assert run.of('count(search(x, template="started"))') == 1
    assert run.of('count(search(x, template="server <*> started (<*>)"))') == 2
    assert run.of('map(search(x, template="<*> started ("), .groups)') == [["server  7"], ["server 8"]]
    assert run.of('count_by(search(x, template="server started"), .line)') == [{"key": 2, "n": 1}]


def test_lines_that_fit_and_are_of_another_template_are_said() -> None:
    """A hole takes what `patterns` masks in these lines; a template of no line's own takes whatever fits."""
    run = Machine({"x": "7 id=1\n8 id=2\nopened 5 id=5\n", "y": "by ann\nby bob\n"})

    assert "1 more lines fit the template" in run.turn('n = count(search(x, template="<*> id=<*>"))')
    assert run.of("n") == 2
    assert run.of('map(search(x, template="<*> id=<*>", limit=1), .line)') == [1]
    assert run.of('count(search(x, template="<*> id=<*>", where=.line > 1))') == 1
    assert run.of('count_by(search(x, template="<*> id=<*>"), .doc)') == [{"key": None, "n": 2}]
    assert run.of('count(search(y, template="by <*>"))') == 2


def test_lines_without_words_have_templates_too() -> None:
    """Blank lines, and lines that vary as a whole. Where there are none, a template without text is refused."""
    run = Machine({"x": "17\n\n 4 5\nup\n  \n", "y": "up\n"})

    assert run.of('map(search(x, template="<*>"), .line)') == [1, 3]
    assert run.of('map(search(x, template=""), .line)') == [2, 5]
    assert "no text besides its holes" in run.turn('n = search(y, template="<*>")')


def test_the_lines_of_a_template_are_paid_for_twice() -> None:
    """They are mined before they are searched: what the work does not pay for is refused, before anything is read."""
    run = Machine({"x": "took 5 ms\n" * 1_000}, limits=Limits(search_work=5_000))

    said = run.turn('n = count(search(x, template="took <*> ms"))')
    assert "count_matches of a template needs 10,000 of search_work" in said
