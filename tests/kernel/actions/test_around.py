"""around and paths: what encloses a hit, and which documents there are."""

from typing import Any

import pytest

from tests.kernel.machine import Machine

LOG = "one\ntwo é hit\n  more\n\nthree hit hit\nfour"
DOCS = {"src/a.py": "x\n", "src/deep/b.py": "y\ny", "src/deep/[c].txt": "", "r.md": "z\n"}


def around(arguments: str, hits: str = "search(log, /hit/)") -> list[dict[str, Any]]:
    """The rows of one call."""
    found: list[dict[str, Any]] = Machine({"log": LOG}).of(f"around({hits}, {arguments})")
    return found


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ("lines=0", ["two é hit", "three hit hit", "three hit hit"]),
        ("lines=1", ["one\ntwo é hit\n  more", "\nthree hit hit\nfour", "\nthree hit hit\nfour"]),
        ("lines=99999999999999", [LOG] * 3),
        ("bytes=0", ["hit"] * 3),
        ("bytes=2", ["é hit\n ", "e hit h", "t hit\nf"]),
        ("bytes=3", ["é hit\n  ", "ee hit hi", "it hit\nfo"]),
        ("bytes=99999999999999", [LOG] * 3),
        ('by="lines"', ["two é hit", "three hit hit", "three hit hit"]),
        ('by="paragraphs"', ["one\ntwo é hit\n  more\n", "three hit hit\nfour", "three hit hit\nfour"]),
        ('by="records"', ["two é hit\n  more\n", "three hit hit", "three hit hit"]),
        ('by="files"', [LOG] * 3),
        ("by=/^t/", ["two é hit\n  more\n\n", "three hit hit\nfour", "three hit hit\nfour"]),
    ],
)
def test_the_text_is_what_is_around(arguments: str, texts: list[str]) -> None:
    """One row per hit, even if their surroundings overlap; `from` and `to` are the place of the surroundings."""
    rows = around(arguments)
    raw = LOG.encode()

    assert [row["text"] for row in rows] == texts
    assert [raw[row["from"] : row["to"]].decode() for row in rows] == texts


def test_everything_else_of_the_hit_stays() -> None:
    """Its match, line, groups and names; evidence is the hit, not its surroundings."""
    machine = Machine({"log": LOG})
    machine.turn(
        "hits = search(log, /(?<what>h)it/)\nwide = around(hits, lines=1)\nfinal(wide[0].what, evidence=wide[0:1])"
    )
    hit, wide = machine.value("hits")[0], machine.value("wide")[0]
    answer = machine.state.answer

    assert {name: wide[name] for name in hit if name != "text"} == {name: hit[name] for name in hit if name != "text"}
    assert answer is not None
    assert [(item.line, item.start, item.stop) for item in answer.evidence] == [(2, 11, 14)]


def test_it_works_on_whatever_is_a_place_in_a_text() -> None:
    """Lines, chunks, ranked passages, one field of hits; of documents each stays in its own."""
    machine = Machine({"log": LOG, "docs": DOCS})

    assert machine.of('around(rank(log, "two"), by="files").text') == [LOG]
    assert machine.of("around(chunk(log, 5)[1:2], lines=0).text") == ["two é hit"]
    assert machine.of("around(search(log, /hit/).match[0:1], lines=0)")[0]["text"] == "two é hit"
    assert machine.of("around(search(docs, /y$/), lines=5).text") == ["y\ny", "y\ny"]
    assert machine.of('around(search(log, "none"), lines=1)') == []


def test_a_hit_outside_any_unit_has_its_lines() -> None:
    """A blank line is in no paragraph; a hit across units has all of them."""
    machine = Machine({"log": LOG})

    assert machine.of("around(search(log, /^$/), by=paragraphs).text") == [""]
    assert machine.of('around(search(log, /two[^x]*three/s), by="lines").text') == [
        "two é hit\n  more\n\nthree hit hit"
    ]


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("around([1, 2], lines=1)", "type", "around works on places in a text"),
        ("around(log, lines=1)", "type", "must be rows or a list, not text"),
        ('around(search(log, "hit"), lines=1, bytes=2)', "arguments", "one of lines=, bytes= and by="),
        ('around(search(log, "hit"), lines=-1)', "bound", "`lines` of `around` must be at least 0, not -1"),
        ("paths(log)", "type", "paths works on documents"),
        ('paths(docs, "[a")', "query", "is not closed"),
        ('paths(docs, "{a")', "query", "is not closed"),
        ('paths(docs, "")', "query", "the glob is empty"),
    ],
)
def test_a_slip_is_answered_with_what_to_do(call: str, code: str, message: str) -> None:
    """What was expected and what was found."""
    machine = Machine({"log": LOG, "docs": DOCS})

    assert message in machine.turn(f"it = {call}")
    assert machine.codes()[-1] == code


@pytest.mark.parametrize(
    ("glob", "wanted"),
    [
        ("*.py", ["src/a.py", "src/deep/b.py"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**", ["src/a.py", "src/deep/b.py", "src/deep/[c].txt"]),
        ("**/*.py", ["src/a.py", "src/deep/b.py"]),
        ("**/r.md", ["r.md"]),
        ("**", list(DOCS)),
        ("src/**/b.py", ["src/deep/b.py"]),
        ("src/**/a.py", ["src/a.py"]),
        ("*.{py,md}", ["src/a.py", "src/deep/b.py", "r.md"]),
        ("?.md", ["r.md"]),
        ("[a-b].py", ["src/a.py", "src/deep/b.py"]),
        ("[!a].py", ["src/deep/b.py"]),
        (r"\[c\].txt", ["src/deep/[c].txt"]),
        ("*.PY", []),
        ("src", []),
        ("src*", []),
        ("a.py", ["src/a.py"]),
        ("/a.py", []),
    ],
)
def test_a_glob_matches_paths(glob: str, wanted: list[str]) -> None:
    """`*` stays in a folder, `**` does not, and a glob without `/` means the name."""
    assert Machine({"docs": DOCS}).of(f'paths(docs, r"{glob}").path') == wanted


def test_paths_says_how_large_documents_are_and_hands_them_on() -> None:
    """In bytes and lines; without a glob all of them; search, rank and a path as an index work on the result."""
    machine = Machine({"docs": DOCS})
    found = machine.of("paths(docs)")

    assert [(row["path"], row["bytes"], row["lines"]) for row in found] == [
        ("src/a.py", 2, 1), ("src/deep/b.py", 3, 2), ("src/deep/[c].txt", 0, 0), ("r.md", 2, 1),
    ]  # fmt: skip
    assert machine.of('search(paths(docs, "*.py"), "y").doc') == ["src/deep/b.py", "src/deep/b.py"]
    machine.turn('p = paths(docs, "*.md")\nq = p["r.md"]')
    assert machine.value("q") == "z\n"


def test_a_template_of_patterns_finds_its_lines() -> None:
    """`search(template=)` takes what `patterns` gives."""
    log = "user ann took 5 ms\nuser bob took 17 ms\nstart (x)\n"
    machine = Machine({"log": log})
    machine.turn("kinds = patterns(log)\nfound = search(log, template=kinds[0].template)")

    assert [row["line"] for row in machine.value("found")] == [1, 2]
