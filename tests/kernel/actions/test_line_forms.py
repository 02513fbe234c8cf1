"""Forms and templates of lines: blanks that align columns, fields that are always empty, and counts of `patterns`."""

import random

import pytest

from rlmlite_kernel.records.evolution import FLAGS, WHOLE_LINES
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


def test_before_the_flag_a_blank_was_one_blank() -> None:
    """An older run keeps its fields, and says nothing of empty ones."""
    run = Machine({"x": LOG, "log": "pause    7 ms\npause   12 ms\n"}, flags=BEFORE)

    assert run.of(f"parse_lines(x, {FORM})[0].component") == "INFO"
    assert "empty" not in run.turn(f"p = parse_lines(x, {FORM})")
    assert run.of("count(search(log, template=patterns(log)[0].template))") == 1


WORDS = (
    "pause", "session", "opened", "started", "server", "took", "ms", "of", "disk", "(a)", "[x]", "user:", "a+b", "$y",
    "c:\\z", "^up", "<b>", "{k}", "k=v", "é.*", "ab|c", '"q"', "closed", "--", "#", "&amp;", "it's", "*", "?", "é\\n",
)  # fmt: skip
NUMBERS = ("N", "N", "id=N", "(N)", "[N]", "/var/N", "N,")


def generate(chance: random.Random) -> str:
    """A log of some templates without a word in common, with blanks and tabs as they come."""
    words = chance.sample(WORDS, len(WORDS))
    shapes = []
    for _ in range(chance.randrange(1, 6)):
        shape = [words.pop() for _ in range(chance.randrange(1, 5))]
        for _ in range(chance.randrange(3)):
            shape.insert(chance.randrange(1, len(shape) + 1), chance.choice(NUMBERS))
        shapes.append(shape)
    lines = []
    for _ in range(chance.randrange(1, 40)):
        blank = chance.choice((" ", " ", "  ", "\t", " \t ", "     "))
        line = blank.join(chance.choice(shapes)).replace("N", str(chance.randrange(1, 10**4)))
        lines.append(chance.choice(("", "", "", " ", "\t")) + line + chance.choice(("", "", "", " ", "  ")))
    return chance.choice(("\n", "\n", "\r\n")).join(lines) + chance.choice(("", "\n"))


def compare(seed: int) -> None:
    """Every template is found on as many lines as `patterns` counts."""
    run = Machine({"x": generate(random.Random(seed))})
    run.turn("p = patterns(x)")
    for number, (template, lines) in enumerate(run.of("map(p, [.template, .n])")):
        if not template.replace("<*>", "").strip():
            continue
        counted = run.of(f"count(search(x, template=p[{number}].template))")
        assert counted == lines, (template, counted, lines)


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
