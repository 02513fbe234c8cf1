"""Symbols of source code, and chunks that begin where they do."""

import inspect
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite.guard.code.grammars import GRAMMARS, find_definitions
from rlmlite.guard.code.parser import CodeParser
from rlmlite_kernel.engines.cut.symbols import LANGUAGES, SUFFIXES
from rlmlite_kernel.values.parsers import NO_PARSER
from tests.kernel.machine import Machine
from tests.sizes import scale

SOURCES = {
    "a.py": "class Car:\n    def go(self):\n        return 1\n\ndef stop(): pass\n",
    "a.js": "class Car { go() { return 1 } }\nfunction stop() {}\n",
    "a.ts": "interface Car { go(): number }\nclass Bus { go() { return 1 } }\n",
    "a.tsx": "class Bus { go() { return <b/> } }\n",
    "a.java": "class Car { int go() { return 1; } }\n",
    "a.go": "package a\nfunc Stop() {}\ntype Car struct{}\nfunc (c Car) Go() {}\n",
    "a.rs": "struct Car;\nimpl Car { fn go(&self) {} }\nfn stop() {}\n",
    "a.c": "struct car { int n; };\nint stop(void) { return 1; }\n",
    "a.cpp": "class Car { public: int go() { return 1; } };\n",
    "a.rb": "class Car\n  def go\n    1\n  end\nend\n",
    "a.php": "<?php class Car { function go() {} }\n",
}
FOUND = {
    "a.py": [("class", "Car", None), ("function", "go", "Car"), ("function", "stop", None)],
    "a.js": [("class", "Car", None), ("method", "go", "Car"), ("function", "stop", None)],
    "a.java": [("class", "Car", None), ("method", "go", "Car")],
    "a.rb": [("class", "Car", None), ("method", "go", "Car")],
}


def found_in(docs: dict[str, str], call: str = "symbols(docs)") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = Machine({"docs": docs}).of(call)
    return rows


@pytest.mark.parametrize("path", SOURCES)
def test_every_language_is_read(path: str) -> None:
    """Names, kinds and places; the text of a row is the whole definition."""
    rows = found_in({path: SOURCES[path], "z.txt": "no code"})

    assert rows
    assert {row["name"] for row in rows} & {"Car", "Bus", "car"}
    for row in rows:
        assert row["text"] == SOURCES[path].encode()[row["start"] : row["end"]].decode()
        assert row["name"] in row["text"]
        assert row["line"] == 1 + SOURCES[path][: row["start"]].count("\n")
    if path in FOUND:
        assert [(row["kind"], row["name"], row["within"]) for row in rows] == FOUND[path]


def test_every_language_has_an_ending() -> None:
    """Every language has an ending, and every ending a language; the host has a grammar for each."""
    assert set(SUFFIXES.values()) == set(LANGUAGES) == set(GRAMMARS)
    assert {path.rpartition(".")[2] for path in SOURCES} <= set(SUFFIXES)


def test_what_is_no_code_is_set_apart() -> None:
    """A text that is not code is in `.skipped` with the reason, and a warning says so."""
    run = Machine({"docs": {"a.py": SOURCES["a.py"], "b.txt": "words", "long.py": "x = 1\n" * 700_000}})
    seen = run.turn("out = symbols(docs)\nshow(out.skipped)")

    assert "texts that were not read as code: 2; see .skipped" in seen
    assert "no known language has this file ending" in seen
    assert "longer than 4,000,000 bytes" in seen


def test_code_that_is_broken_is_said() -> None:
    """A definition that cannot be parsed has no row; a warning says that one may be missing."""
    broken = "def f(:\n  x=\nclass A(\n def g(self): pass\n"

    seen = Machine({"docs": {"a.py": SOURCES["a.py"], "b.py": broken}}).turn("out = symbols(docs)")
    whole = Machine({"docs": {"a.py": SOURCES["a.py"]}}).turn("out = symbols(docs)")

    assert "! texts with code that cannot be parsed: 1; definitions in them may be missing" in seen
    assert "cannot be parsed" not in whole


def test_one_text_needs_its_language() -> None:
    """A text without a path needs `language`; an unknown language is refused with the known ones."""
    run = Machine({"text": SOURCES["a.py"]})

    assert [row["name"] for row in run.of('symbols(text, language="python")')] == ["Car", "go", "stop"]
    assert 'give language="python"' in run.turn("x = symbols(text)")
    assert "`language` must be one of c, cpp" in run.turn('x = symbols(text, language="cobol")')


def test_symbols_are_rows_like_others() -> None:
    """They are searched, filtered and counted; an answer rests on their spans."""
    run = Machine({"docs": {path: SOURCES[path] for path in ("a.py", "a.js")}})
    run.turn('f = where(symbols(docs), .name == "stop")\nhits = search(f, "pass")\nfinal(count(f), evidence=f)')

    answer = run.state.answer
    assert answer is not None
    assert (answer.value, [piece.path for piece in answer.evidence]) == (2, ["a.py", "a.js"])
    assert [row["match"] for row in run.value("hits")] == ["pass"]


def test_the_work_of_reading_is_charged() -> None:
    """The charge is the same each time, and is checked before parsing."""
    run = Machine({"docs": {"a.py": SOURCES["a.py"]}})
    run.turn("x = symbols(docs)")

    assert run.steps()[0].used["search_work"] == 33 * len(SOURCES["a.py"])


@pytest.mark.parametrize("missing", ["tree_sitter", "tree_sitter_python"])
def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without the extra the step fails, and the run goes on."""
    monkeypatch.setitem(sys.modules, missing, None)
    run = Machine({"docs": {"a.py": SOURCES["a.py"]}}, parser=CodeParser())

    assert f"pip install 'rlmlite[code]' (No module named '{missing}')" in run.turn("x = symbols(docs)")
    assert run.codes() == ["not_installed"]


def test_a_host_without_a_parser_says_what_to_install() -> None:
    """The kernel alone reads no code."""
    run = Machine({"docs": {"a.py": SOURCES["a.py"]}}, parser=NO_PARSER)

    assert "pip install 'rlmlite[code]'" in run.turn("x = symbols(docs)")
    assert run.codes() == ["not_installed"]


@pytest.mark.parametrize("size", [200, 1_000, 8_000])
def test_chunks_begin_where_definitions_do(size: int) -> None:
    """They cover the text, none is longer than asked for, and a definition that fits is whole."""
    text = inspect.getsource(textwrap)
    run = Machine({"docs": {"textwrap.py": text}})
    chunks = run.of(f'chunk(docs, by="symbols", size={size})')
    rows = run.of("symbols(docs)")

    assert "".join(chunk["text"] for chunk in chunks) == text
    assert all(len(chunk["text"].encode()) <= size for chunk in chunks)
    edges = {chunk["start"] for chunk in chunks}
    whole = [row for row in rows if row["kind"] == "function" and row["end"] - row["start"] < size // 4]
    cut = [row for row in whole if any(row["start"] < edge < row["end"] for edge in edges)]
    assert not cut


def test_a_decorator_stays_with_its_function() -> None:
    """The comments right above a definition are in its chunk."""
    text = "def a():\n    return 1\n\n# about b\n@wrapped\ndef b():\n    return 2\n"
    chunks = Machine({"docs": {"a.py": text}}).of('chunk(docs, by="symbols", size=45)')

    assert [chunk["text"] for chunk in chunks] == [text[:23], text[23:]]


@settings(max_examples=scale(60))
@given(st.text(alphabet="def class():\n\t {}[]'\"#@é\0x=", max_size=400), st.integers(1, 60))
def test_any_text_is_cut_without_loss(text: str, size: int) -> None:
    """Chunks of any code, broken or not, follow each other: nothing twice, nothing missing."""
    run = Machine({"docs": {"a.py": text}})
    chunks = run.of(f'chunk(docs, by="symbols", size={size})') if text else []

    assert "".join(chunk["text"] for chunk in chunks) == text


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("piece", ["(" * 5_000, "def f(:\n" * 1_000, "{[(" * 2_000, "\0" * 5_000])
def test_nasty_code_ends(piece: str, times: int) -> None:
    """Without a fault."""
    nasty = piece * times
    assert isinstance(find_definitions(nasty.encode(), "python").starts, list)


def test_brackets_without_end_are_not_parsed() -> None:
    """Texts that would take minutes to parse are skipped, and a warning says so."""
    run = Machine({"docs": {"a.py": "(" * 200_000, "b.py": SOURCES["a.py"]}})
    run.turn("out = symbols(docs)")

    assert [row["why"] for row in run.of("out.skipped")] == ["brackets nested deeper than 1,000"]
    assert len(run.value("out")) == 3
