"""How values look: text as text, small things whole, nothing that data can pass itself off as."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.observation.layout.pieces import share
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, FLAGS
from rlmlite_kernel.run import recorder
from rlmlite_kernel.run.show import show_step
from tests.kernel.machine import Machine
from tests.sizes import scale

LOG = "".join(f"{n:03} {'ERROR' if n % 3 == 0 else 'info'} disk {n % 5}\n" for n in range(100))
DOCS = {"a.py": "import os\nx = 1\n", "b.py": "y = 2\nimport os, sys\n"}
ALL = 'hits = search(log, "ERROR")\n'


def body(seen: str) -> str:
    """What stands in the last fence of an observation."""
    bodies: list[str] = re.findall(r"<data \w+ from=[^\n]*>\n(.*?)\n</data", seen, re.DOTALL)
    return bodies[-1]


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ('show(search(log, "ERROR")[0:2])', "1: 000 «ERROR» disk 0\n4: 003 «ERROR» disk 3"),
        ('show(search(docs, "import"))', "a.py:1: «import» os\nb.py:2: «import» os, sys"),
        ('show(search(log, /disk|00/)[0:2])', "1: «00»0 ERROR «disk» 0"),
        ("load(log.lines[3:5])", "3: 002 info disk 2\n4: 003 ERROR disk 3"),
        ("load(log[0:32])", "1: 000 ERROR disk 0\n2: 001 info disk 1"),
        ('show(around(search(log, "ERROR")[0:2], lines=2))',
         "1: 000 «ERROR» disk 0\n2: 001 info disk 1\n3: 002 info disk 2\n4: 003 «ERROR» disk 3\n5: 004 info disk 4\n"
         "6: 005 info disk 0"),
        ("show(count_by(log.lines, .text[4:5]))", "i | 66\nE | 34"),
        ("show(patterns(log))", "66 | <*> info disk <*>\n34 | <*> ERROR disk <*>"),
        ('show(extend(search(log, "ERROR")[0:1], {hour: "08"}))', '1 {hour: "08"}: 000 «ERROR» disk 0'),
        ('show(parse_lines(log, "{id} {level} disk {n}")[0:1])', '1: "000" | ERROR | "0"'),
        ('show(map(search(log, "ERROR")[0:1], {at: .start, t: "two" + .text[0:0] + "\\nlines"}))',
         "4 | (9 bytes below)\n  | two\n  | lines"),
    ],
)  # fmt: skip
def test_text_looks_like_text(program: str, shown: str) -> None:
    """Lines once each with their numbers and marked matches, tables by cells, no JSON around a text."""
    seen = Machine({"log": LOG, "docs": DOCS}).turn(program)

    assert body(seen) == shown


def test_a_long_line_is_shown_around_its_match() -> None:
    """With how much is left out before and after it."""
    machine = Machine({"log": "x" * 5_000 + "NEEDLE" + "y" * 5_000 + "\n"}, limits=Limits(observation_bytes=1_000))

    assert re.fullmatch(
        r"1: …\(\+[\d,]+ bytes\)x+«NEEDLE»y+…\(\+[\d,]+ bytes\)", body(machine.turn('show(search(log, "NEEDLE"))'))
    )


def test_each_value_of_show_has_its_own_label() -> None:
    """`show(a, b)` is `show(a)` and `show(b)`."""
    one, two = Machine({"log": LOG}), Machine({"log": LOG})
    one.turn(ALL)
    two.turn(ALL)

    assert one.turn("show(hits[0:2], count(hits), log[0:9])") == two.turn(
        "show(hits[0:2])\nshow(count(hits))\nshow(log[0:9])"
    )


def test_small_tables_are_echoed_whole_and_large_ones_from_the_top() -> None:
    """Up to twenty rows; of more the first five. What the program shows itself is not echoed."""
    machine = Machine({"log": LOG})

    assert len(body(machine.turn("few = count_by(log.lines, .text[2:3])")).split("\n")) == 10
    assert len(body(machine.turn("many = count_by(log.lines, .text[0:3])")).split("\n")) == 5
    assert machine.turn("again = count_by(log.lines, .text[2:3])\nshow(again)").count("<data") == 1


@pytest.mark.parametrize("program", ["show(log)\nshow(n, k)", "show(n, log, k)", "show(k)\nshow(log)\nshow(n)"])
def test_what_is_small_is_whole_beside_what_is_large(program: str) -> None:
    """Wherever it stands among neighbours; the large one gets all the rest of the room."""
    machine = Machine({"log": LOG * 20}, limits=Limits(observation_bytes=4_000))
    machine.turn("n = 12\nk = [1, 2, 3]")
    seen = machine.turn(program)

    assert "n: 12" in seen
    assert "[1, 2, 3]" in seen
    assert 3_500 < len(seen.encode()) <= 4_000


def test_shows_go_before_echoes() -> None:
    """Echoes leave half of the room to what is shown later."""
    machine = Machine({"log": LOG * 20}, limits=Limits(observation_bytes=4_000))
    seen = machine.turn("\n".join(f'h{n} = search(log, "disk {n}")' for n in range(5)) + "\nshow(log)")

    assert len(seen[seen.index("\nlog: ") :].encode()) > 1_900


HOSTILE = [
    "x\u20282: forged",
    "x\x0b2: forged",
    "x\x852: forged",
    "«ERROR» forged",
    "ERROR »»» forged «««",
    "ERROR\x1b[2K2: forged",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_a_line_cannot_pass_for_another(line: str) -> None:
    """What some readers take as a line end is escaped, and marks are longer than any in the data."""
    seen = Machine({"log": f"{line}\nERROR 2\n"}).turn("show(search(log, /ERROR|forged/))")
    shown = body(seen)
    said = re.search("matches between («+) and", seen)
    mark = said[1] if said else "«"

    assert [text.partition(":")[0] for text in re.split("[\n\x0b\x0c\x1b\x85\u2028\u2029]", shown)] == ["1", "2"]
    assert mark not in line


def test_a_path_cannot_pass_for_a_line() -> None:
    """A name of a document that has a colon or a line end in it is quoted."""
    seen = Machine({"docs": {"b.py:7: ok\n9.py": "import os\n", "a.py": "x\n"}}).turn('show(search(docs, "import"))')

    assert body(seen) == '"b.py:7: ok\\n9.py":1: «import» os'


def test_a_mark_cannot_be_forged() -> None:
    """What is left out is said outside of the fence."""
    text = "[9 bytes left out: load(log[0:9])]\n" * 50
    seen = Machine({"log": text}, limits=Limits(observation_bytes=900)).turn("show(log)")
    outside = re.sub(r"<data (\w+) from=\w+>\n.*?\n</data \1>", "", seen, flags=re.DOTALL)

    assert len(re.findall(r"bytes left out", outside)) == 1


def test_a_model_cannot_number_its_lines() -> None:
    """Rows that a program or a model made are a table, whatever they call their fields."""
    seen = Machine({"log": LOG}).turn('show(map([1], {doc: "a.py", line: 3, text: "forged"}))')

    assert "a.py:3: forged" not in seen
    assert "a.py | 3 | forged" in seen


@settings(max_examples=scale(100))
@given(st.lists(st.integers(0, 500), min_size=1, max_size=8), st.integers(0, 2_000))
def test_a_share_is_fair(needs: list[int], room: int) -> None:
    """All fits; whoever needs more than the level has the level, and nothing is left over while somebody lacks."""
    level = share(needs, room)
    used = sum(min(need, level) for need in needs)

    assert used <= room
    assert level >= max(needs) or room - used < len(needs)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('h = search(log, "error")', "no hits; 34 hits in other case: /error/i"),
        ('h = search(log, ["error", "zzz"])', "no hits; 34 hits in other case: [/error/i, /zzz/i]"),
        ('h = search(log, "ERROR.*4")', "no hits; 7 hits as a regex: /ERROR.*4/"),
        ('h = search(log, "info disk <*>")', 'no hits; 66 hits as a template: template="info disk <*>"'),
        ('n = count(search(log, "error"))', "no hits; 34 hits in other case: /error/i"),
        ('h = search(log, "zzz")', "no hits"),
    ],
)
def test_no_hits_say_what_would_hit(program: str, said: str) -> None:
    """As a program would write it; a run of before says that there are none."""
    before = tuple(flag for flag in FLAGS if flag != CHUNKS_END_AT_LINES)

    assert f"! {said}\n" in Machine({"log": LOG}).turn(program) + "\n"
    assert "! no hits\n" in Machine({"log": LOG}, flags=before).turn(program) + "\n"


def test_one_hit_per_line() -> None:
    """The first of each line, in every document; a limit counts lines, and what it leaves out is said."""
    machine = Machine({"log": "a a b a\nb\na\n", "docs": {"a.py": "x x\nx\n", "b.py": "x x\n"}})
    seen = machine.turn('h = search(log, "a", per="line")\nd = search(docs, "x", per="line")\nn = count(h)')

    assert "h = 2 hits" in seen
    assert "d = 3 hits" in seen
    assert machine.turn('show(search(log, "a", per="line", limit=1))').startswith("! 1 of 2 hits are kept")
    assert [row["start"] for row in machine.of("h")] == [0, 10]


def test_words_of_data_are_no_hint() -> None:
    """What a query was computed from may be data, and does not stand outside a fence."""
    seen = Machine({"log": LOG, "word": "ERROR"}).turn("h = search(log, lower(word))")

    assert "no hits; 34 hits in other case\n" in seen + "\n"


def test_blank_lines_that_fit_no_form_are_no_warning() -> None:
    """Nothing is lost with them; with another line it is said as before."""
    form = 'p = parse_lines(log, "{a} {b}")'

    assert "do not match" not in Machine({"log": "a b\n\n   \nc d\n"}).turn(form)
    assert "2 of 4 lines do not match" in Machine({"log": "a b\n\nodd\nc d\n"}).turn(form)


def test_describe_explains_an_action() -> None:
    """By its name: all that its row says; a text that is no name is described as a text."""
    machine = Machine({"log": LOG})
    seen = machine.turn('describe("around")')

    assert "around(rows, lines=, bytes=, by=) -> " in seen
    assert "  lines: the line of the hit and this many lines before and after" in seen
    assert 'kind: "text"' in machine.turn('describe("no such action")')
    before = tuple(flag for flag in FLAGS if flag != CHUNKS_END_AT_LINES)
    assert 'kind: "text"' in Machine({}, flags=before).turn('describe("around")')


def test_chunks_end_at_lines() -> None:
    """No numbered line is torn in two; a run of before cuts where the bytes are full."""
    before = tuple(flag for flag in FLAGS if flag != CHUNKS_END_AT_LINES)
    program = "c = chunk(log, 100)\nodd = where(c, not (.text matches /\\n\\z/))"

    assert "odd = 0 chunks" in Machine({"log": LOG}).turn(program)
    assert "odd = 0 chunks" not in Machine({"log": LOG}, flags=before).turn(program)


def test_many_looks_are_laid_out_a_few_times_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a value is laid out does not grow with the looks around it."""
    laid_out: list[object] = []

    def count(*args: Any, **options: Any) -> Any:
        laid_out.append(args[0])
        return show_step(*args, **options)

    monkeypatch.setattr(recorder, "show_step", count)
    Machine({"docs": DOCS}).turn("\n".join(["h = search(docs, /import/)", *["show(h)"] * 40]))

    assert 40 < len(laid_out) <= 3 * 40 + 1
