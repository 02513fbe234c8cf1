"""Habits of other languages: each is read as what it means, where it stands, and nothing else is touched."""

import time

import pytest

from rlmlite_grammar import parse, reread, show
from rlmlite_grammar.diagnosis.hints import MISTAKES
from rlmlite_grammar.habits.habit import Habit
from rlmlite_grammar.habits.table import HABITS
from rlmlite_grammar.mistakes.functions import FUNCTIONS
from rlmlite_grammar.mistakes.methods import METHODS
from rlmlite_grammar.mistakes.parameters import PARAMETERS
from rlmlite_grammar.spelling.examples import EXAMPLES, Example
from rlmlite_grammar.spelling.respelling import respell
from rlmlite_grammar.spelling.spellings import SPELLINGS, Spelling
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Lit, Parsed, Unread, walk
from rlmlite_kernel.program.problems import did_you_mean

NAMES = frozenset({"log", "hits"})


def reading(text: str, names: frozenset[str] = NAMES) -> Parsed:
    """The program that a text is read as, beside these variables."""
    parsed = parse(text)
    assert isinstance(parsed, Parsed), parsed
    return reread(parsed, ACTIONS, names)


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.what)
def test_a_habit_is_read_as_what_it_means(habit: Habit) -> None:
    """The example of each habit is read as its right spelling is, and a note says so at its line."""
    read = reading(f"a = 1\n{habit.written}")
    right = parse(f"a = 1\n{habit.read}")

    assert isinstance(right, Parsed)
    assert read.program == right.program
    assert {note.code for note in read.notes} == {"read_as"}
    assert all((note.offset or 0) >= len("a = 1\n") for note in read.notes)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.what)
def test_a_spelling_is_read_as_the_grammar_spells_it(spelling: Spelling) -> None:
    """The example of each, between other statements, is the same program as its right spelling, with one note."""
    read = parse(f"a = 1\n{spelling.written}\nb = 2")
    right = parse(f"a = 1\n{spelling.read}\nb = 2")

    assert isinstance(read, Parsed)
    assert isinstance(right, Parsed)
    assert read.program == right.program
    assert [note.code for note in read.notes] == ["read_as"]
    assert len(read.at) == len(list(walk(read.program)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.what)
def test_what_goes_around_values_is_read_as_the_grammar_spells_it(example: Example) -> None:
    """Beside other statements, in a text of its own and in one with another habit, with a note at its place."""
    for before in ("a = 1\n", "x += 1\n", 'p = """a if b else c"""\n'):
        read = parse(f"{before}{example.written}\nb = 2")
        right = parse(f"{before}{example.read}\nb = 2")

        assert isinstance(read, Parsed), read
        assert isinstance(right, Parsed), right
        assert read.program == right.program
        assert {note.code for note in read.notes} == {"read_as"}
        assert any((note.offset or 0) >= len(before) for note in read.notes)
        assert len(read.at) == len(list(walk(read.program)))


@pytest.mark.parametrize(
    "text",
    [
        "x = a if b",
        "x = if b else c",
        "x = a\nif b: c = 1 else 2",
        "x = a starts with",
        "x = starts with 3",
        'x = a LIKE "b%c"',
        "x = a LIKE b",
        "x = a if b else",
        "x = (a if b else c",
    ],
)
def test_half_of_a_spelling_is_refused(text: str) -> None:
    """What has no certain meaning is not read as anything."""
    assert not isinstance(parse(text), Parsed)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.what)
def test_a_spelling_means_nothing_inside_a_text_or_comment(spelling: Spelling) -> None:
    """Beside a mistake that makes the text be read again, texts and comments keep what they say."""
    text = f'p = """{spelling.written.replace(chr(34) * 3, "")} """\n# {spelling.written.splitlines()[0]}\nx = a && b'
    if text.count('"""') != 2 or "\\" in spelling.written:
        pytest.skip("this spelling cannot stand in such a text")
    read = reading(text)

    assert read.program.body[0].value == Lit(spelling.written.replace('"""', "") + " ")
    assert len(read.notes) == 1


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.what)
def test_what_is_right_stays_the_same_object(habit: Habit) -> None:
    """The right spelling of each example is not touched."""
    right = parse(habit.read)

    assert isinstance(right, Parsed)
    assert reread(right, ACTIONS, NAMES) is right


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.what)
def test_every_node_has_its_place(habit: Habit) -> None:
    """What is read as something else has as many offsets as nodes, all within the text."""
    read = reading(habit.written)

    assert len(read.at) == len(list(walk(read.program)))
    assert all(0 <= at < len(habit.written) for at in read.at)
    assert reading(show(read.program)).notes == ()


def test_a_slip_of_a_variable_is_no_field() -> None:
    """A bare name near a variable's is left to the checker; a form of it, or another name, is a field of the row."""
    names = frozenset({"rows", "threshold", "labels"})

    assert reading("x = where(rows, .n > treshold)", names).notes == ()
    assert show(reading('x = where(rows, label == "a")', names).program) == 'x = where(rows, .label == "a")'


@pytest.mark.parametrize("text", [r"C:\data\[1]", r"\\host\dir", r"C:\Windows", r"DOM\bob", r"a\dir"])
def test_a_path_is_no_regex(text: str) -> None:
    """A raw text that may be a path is searched for as it stands."""
    assert reading(f'x = search(log, r"{text}")').notes == ()


@pytest.mark.parametrize(
    "line", ["/* \n", "from a import ", "a[0].b;", "[ for ", "\u201ca ", "''' ", 'x = f"{a["', 'f"{']
)
def test_what_never_ends_costs_little(line: str) -> None:
    """A text of beginnings without an end is read in time that grows with its length, not with its square."""
    started = time.process_time()
    respell(line * (24_000 // len(line)))

    assert time.process_time() - started < 3


LINES = {
    'log.split("\\n")[0]': "log.lines[1]",
    "log.splitlines()[-1]": "log.lines[-1]",
    "log.readlines()[2:5]": "log.lines[3:6]",
    "log.splitlines()[:2]": "log.lines[:3]",
    "log.splitlines()[1:]": "log.lines[2:]",
    "log.splitlines()[1:-1]": "log.lines[2:-1]",
    'log.split("\\n").head(3)': "log.lines[1:4]",
    "log.splitlines()[n]": "log.lines[n + 1]",
    'log.split(",")[0]': 'split(log, ",")[0]',
    'log.splitlines()[.text contains "a"]': 'where(log.lines, .text contains "a")',
    "hits[0].text.splitlines()[0]": "hits[0].text.lines[1]",
}
"""Lines by their places in a list, and by their numbers."""


@pytest.mark.parametrize("written", LINES)
def test_lines_count_from_1_and_lists_from_0(written: str) -> None:
    """What a list of lines has at a place is the line with the number after it."""
    read = reading(f"n = 0\nx = {written}")

    assert show(read.program) == f"n = 0\nx = {LINES[written]}"
    assert [note.code for note in read.notes][:1] == ["read_as"]


PATTERNS = {
    r"took (\d+)": "map(search(log, /took (\\d+)/), .groups[0])",
    r"(?P<n>\d+) ms": "map(search(log, /(?P<n>\\d+) ms/), .groups[0])",
    r"[(]\d+[])]": "search(log, /[(]\\d+[])]/).match",
    r"\(\d+\)": "search(log, /\\(\\d+\\)/).match",
    r"(?:a|b)+": "search(log, /(?:a|b)+/).match",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_gives_its_group_if_it_has_one(pattern: str) -> None:
    """As in Python; a bracket in a class, or behind a `\\`, begins no group."""
    assert show(reading(f'x = re.findall(r"{pattern}", log)').program) == f"x = {PATTERNS[pattern]}"


F_STRINGS = {
    'f"{a["b"]} {{c}}"': 'str(a["b"]) + " {c}"',
    "f'{f'{n}'}!'": 'str(str(n)) + "!"',
    'f"{f"{n}"}{"d" + "e"}"': 'str(str(n)) + str("d" + "e")',
    'f"{count(where(a, {b: 1}))}"': "str(count(where(a, {b: 1})))",
    'f"{"\\n" in log}"': 'str("\\n" in log)',
    'f"{n}" + f"{"d"}"': 'str(n) + str("d")',
}
"""Texts with expressions that hold quotes and braces of their own."""


@pytest.mark.parametrize("written", F_STRINGS)
def test_an_expression_in_a_text_may_have_quotes_and_braces(written: str) -> None:
    """As in Python from 3.12 on, and the same in a sum that has no such text."""
    right = reading(f"n = 0\na = log\nx = {F_STRINGS[written]}").program

    assert reading(f"n = 0\na = log\nx = {written}").program == right


@pytest.mark.parametrize("written", ['f"{n} }"', 'f"{"a} b"', 'f"{n]}"', 'f"{n:>{w}}"', 'f"{n # m}"'])
def test_half_of_an_expression_in_a_text_is_none(written: str) -> None:
    """Nothing is put together of braces that belong to none, of formats and of comments."""
    read = parse(f"n = 0\nw = 1\nx = {written} + 'a'")

    assert not isinstance(read, Parsed) or any(isinstance(part, Unread) for part in walk(reading(read.text).program))


def test_a_form_of_a_word_is_no_lead() -> None:
    """`label` is no slip of `labeled`; a slip, or the singular of a variable, is named."""
    assert did_you_mean("label", ["labeled"]) == did_you_mean("labels", ["labeled"]) == ""
    assert did_you_mean("hit", ["hits"]) == did_you_mean("hts", ["hits"]) == "did you mean `hits`?"


def test_there_are_more_than_120_mistakes() -> None:
    """With what is read as something else, every kind counted once."""
    assert len([*MISTAKES, *FUNCTIONS, *METHODS, *PARAMETERS]) > 120
    assert len([*HABITS, *SPELLINGS]) > 50
