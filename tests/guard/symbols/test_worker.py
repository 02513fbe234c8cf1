"""Source code that crashes, stalls or takes over its parser: a fault of the step, never the end of the process."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rlmlite import execute
from rlmlite.guard.code import parser as parsers
from rlmlite.guard.code import session as sessions
from rlmlite.guard.code.grammars import find_definitions
from rlmlite.guard.code.parser import CODE_PARSER, CodeParser
from rlmlite_kernel.engines.cut.symbols import LANGUAGES
from rlmlite_kernel.values.parsers import CodePart, Definitions, ParserCrashedError
from tests.guard.symbols.lies import LIES, serve_lies
from tests.kernel.machine import Machine

GENERICS = "a<" * 100_000
"""As Java it overflows the stack of the parser."""

NASTY = {
    "generics": "a<",
    "negations": "!",
    "minuses": "-",
    "stars": "*",
    "blocks without end": "if(a) ",
    "else if": "if(a){}else ",
    "templates in templates": "`${",
    "arrows": "a=>",
    "dots": "a.",
    "conditionals": "a?b:",
    "assignments": "a=",
    "classes": "class A { ",
    "functions": "def f():\n ",
    "lambdas": "lambda: ",
    "continued lines": "\\\n",
    "conditions of the preprocessor": "#if 1\n",
    "documents": "<<A\n",
    "tags": "<a>",
    "comments": "/*",
    "NUL": "\0",
    "characters of four bytes": "\U0001f600",
}


@pytest.fixture
def parser() -> Iterator[CodeParser]:
    parser = CodeParser()
    yield parser
    parser.close()


def parse(parser: CodeParser, text: str, language: str) -> Definitions:
    content = text.encode()
    return parser.find_definitions(CodePart(str(hash(text)), 0, len(content), language), content)


def test_a_crash_fails_its_step_alone(tmp_path: Path) -> None:
    """A stack that overflows in the parser: the step has failed, the next one parses."""
    (tmp_path / "A.java").write_text(GENERICS)
    (tmp_path / "b.py").write_text("class B: pass\n")
    ended = execute('x = symbols(context)\nfinal(symbols("class B: pass", language="python"))', tmp_path)

    assert ended.value[0]["name"] == "B"
    assert "x: failed (crashed): " in ended.observation


def test_a_crash_is_remembered(parser: CodeParser) -> None:
    """The same text does not end a second worker."""
    for _ in range(3):
        with pytest.raises(ParserCrashedError, match="SIGSEGV"):
            parse(parser, GENERICS, "java")
    started = time.perf_counter()
    with pytest.raises(ParserCrashedError):
        parse(parser, GENERICS, "java")

    assert time.perf_counter() - started < 0.05


@pytest.mark.parametrize("language", [pytest.param(name, marks=pytest.mark.slow) for name in LANGUAGES])
@pytest.mark.parametrize("unit", NASTY)
def test_nasty_code_ends(parser: CodeParser, language: str, unit: str) -> None:
    """With definitions or as a crash, within the bound on time, and then code is parsed as before."""
    text = (NASTY[unit] * 20_000)[:20_000]
    begun = time.perf_counter()
    with suppress(ParserCrashedError):
        parse(parser, text, language)

    assert time.perf_counter() - begun < 60
    assert list(parse(parser, "class B: pass\n", "python").starts) == [0]


def test_a_parse_without_end_is_ended(parser: CodeParser, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its processor time. A million minus signs take the parser an hour."""
    monkeypatch.setattr(sessions, "SECONDS", 1.0)
    monkeypatch.setattr(sessions, "_SECONDS_FOR_ANY", 1.0)
    monkeypatch.setattr(sessions, "_BYTES_PER_SECOND", 10_000_000)
    with pytest.raises(ParserCrashedError, match="seconds"):
        parse(parser, "-" * 1_000_000, "typescript")

    assert list(parse(parser, "class B: pass\n", "python").starts) == [0]


@pytest.mark.parametrize("lie", LIES)
def test_a_worker_that_lies_is_ended(parser: CodeParser, monkeypatch: pytest.MonkeyPatch, lie: str) -> None:
    """Answers of another form or length are a crash, and are never built in memory."""
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "serve", serve_lies)
        with pytest.raises(ParserCrashedError):
            parse(parser, lie, "python")

    assert list(parse(parser, "class B: pass\n", "python").starts) == [0]


def test_results_are_those_of_the_parser_in_this_process(parser: CodeParser) -> None:
    """Column for column, in every language, also where a text is a part of a content."""
    text = "class A { f() {} }\nfunction g() {}\ndef h(): pass\nint i(void) { return 1; }\nfn j() {}\n"
    for language in LANGUAGES:
        content = ("é" + text).encode()
        expected = find_definitions(text.encode(), language)
        found = parser.find_definitions(CodePart(language, 2, len(content), language), content)

        assert found.kind_names == expected.kind_names
        assert [list(column) for column in found[1:6]] == [list(column) for column in expected[1:6]]
        assert found.is_sound == expected.is_sound


def test_many_texts_share_a_worker(parser: CodeParser) -> None:
    """From several threads as well; each gets its own answer."""
    failures: list[str] = []

    def parse_some(thread: int) -> None:
        for number in range(20):
            source = f"class C{thread}_{number}:\n" + f"    def f{number}(self): pass\n" * number
            if len(parse(parser, source, "python").starts) != number + 1:
                failures.append(source)

    threads = [threading.Thread(target=parse_some, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert failures == []


def test_a_fork_has_a_worker_of_its_own() -> None:
    """A copy of this process must not read the answers that its parent waits for."""
    assert list(parse(CODE_PARSER, "class A: pass\n", "python").starts) == [0]
    child = os.fork()
    if child == 0:
        found = [len(parse(CODE_PARSER, "class B: pass\n" * number, "python").starts) for number in range(5)]
        CODE_PARSER.close()
        os._exit(0 if found == list(range(5)) else 1)
    found = [len(parse(CODE_PARSER, "class C: pass\n" * number, "python").starts) for number in range(5)]

    assert os.waitpid(child, 0)[1] == 0
    assert found == list(range(5))


def test_an_interrupt_leaves_no_half_answer(parser: CodeParser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the parser works: the next text gets its own answer."""
    parse(parser, "class A: pass\n", "python")
    with monkeypatch.context() as patch:
        patch.setattr(sessions.ParsingSession, "_integers", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            parse(parser, "class A: pass\nclass B: pass\n", "python")

    assert list(parse(parser, "class C: pass\n", "python").starts) == [0]


def _interrupt(session: object, count: int) -> None:
    raise KeyboardInterrupt


def test_what_is_remembered_has_a_bound(parser: CodeParser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of results, of crashes, and of texts without definitions; the last one stays."""
    monkeypatch.setattr(parsers, "MOST_KEPT", 100)
    for number in range(12):
        parse(parser, f"x = {number}\n", "python")
    parse(parser, "class A: pass\n" * 200, "python")

    assert [len(result.starts) for result in parser._results.values() if isinstance(result, Definitions)] == [200]


def test_code_is_charged_as_before() -> None:
    """A crash costs what the parse would have."""
    run = Machine({"docs": {"A.java": GENERICS}})
    run.turn("x = symbols(docs)")

    assert run.codes() == ["crashed"]
    assert run.steps()[0].used["search_work"] == 33 * len(GENERICS)
