"""What outcomes, sessions and traces show of themselves, in one line and in a notebook, whatever their texts are."""

import html
import shlex
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rlmlite
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_traces import verify
from rlmlite_traces.format.showing.notebook import Facts, line, table
from rlmlite_traces.reading.story import open_story

MARKUP = "</td><script>alert(1)</script>\"'<img src=http://a.b onerror=x>\u202e\x1b[2J\n$\\href{javascript:x}{y}$"
HOSTILE = f"{MARKUP}\ud800" * 9
TAGS = {"table", "caption", "tr", "th", "td"}


class _Page(HTMLParser):
    """The tags and attributes of a page, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def steers(char: str) -> bool:
    """Whether it steers a terminal or turns the direction of what follows, or is no character."""
    turns = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(char) in turns


def check(shown: str, page: str) -> None:
    """One short line that can be printed, and a page that is a table and nothing else."""
    assert len(shown) <= 200
    assert not {char for char in shown if steers(char)}
    read = _Page(page)
    assert read.tags == TAGS
    assert read.attributes <= {"style", "class"}
    assert page.startswith('<table class="tex2jax_ignore mathjax_ignore">')
    assert not {char for char in read.text if char != "\n" and steers(char)}
    page.encode()


texts = st.text(max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(texts, inner, max_size=12),
    max_leaves=20,
)


@given(answer=values, text=texts, count=st.integers(7, 10**6))
@example(answer=HOSTILE, text=HOSTILE, count=9)
@example(answer={HOSTILE: [HOSTILE] * 10**5}, text="-x y", count=7)
@example(answer=10**5000, text="", count=8)
def test_no_text_is_more_than_text(answer: Any, text: str, count: int) -> None:
    """Of answers, names, paths and quotes nothing becomes markup, turns the direction, or makes the line long."""
    facts = Facts(
        kind="Outcome",
        status="partial",
        reason=text,
        answer=answer,
        counts={"evidence": count},
        evidence=(Evidence("verbatim", text, text, text),) * 7,
        evidence_total=count,
        coverage={text: {"bytes": count, "shown": 1, "read": 2, "scanned": 3, "unseen": 0}},
        usage={"calls": count, "cost_nano": None},
        root="ab" * 32,
        trace=Path(text.replace("\0", "")),
    )

    check(line(facts), table(facts))


def test_an_outcome_a_session_and_a_trace_show_the_same_end(tmp_path: Path) -> None:
    """Status, reason, answer and trace; the table has evidence, coverage, cost, root and the command as well."""
    path = tmp_path / "a b.rlm"
    with rlmlite.Session(path, MARKUP) as session:
        session.exec('final(search(context, "script"))')
        so_far = repr(session)
        check(so_far, session._repr_html_())
        outcome = session.seal()
    shown: tuple[Any, ...] = (outcome, verify(path), open_story(path))

    assert so_far.startswith("Session(completed, answer=[{")
    assert [repr(each).partition(",")[0] for each in shown] == [
        "Outcome(completed",
        "CheckedTrace(sealed",
        "Story(sealed",
    ]
    for each in shown:
        page = each._repr_html_()
        check(repr(each), page)
        assert f"rlmlite trace view &#x27;{path}&#x27;" in page
        assert "script&gt;" in page
    assert str(outcome.root) in outcome._repr_html_()
    assert "nothing for 0 calls" in outcome._repr_html_()


def test_an_open_trace_says_so_and_a_removed_answer_too(tmp_path: Path) -> None:
    """A `repr` raises nothing, even when the file that had the answer has gone since."""
    with rlmlite.Session(tmp_path / "s.rlm", "text") as session:
        session.exec("x = 1")
    assert repr(verify(tmp_path / "s.rlm")).startswith("CheckedTrace(open, records=")

    rlmlite.execute(f'final("{"x" * 100_000}")', trace=tmp_path / "t.rlm")
    checked = verify(tmp_path / "t.rlm")
    assert "answer='xxx" in repr(checked)
    for file in (tmp_path / "t.rlm" / "blobs").iterdir():
        file.unlink()
    assert "cannot be read" in repr(checked)


@pytest.mark.parametrize("path", ["-x", "a;b", "$(id)", "a'b"])
def test_the_command_takes_the_path_as_one_word(path: str) -> None:
    """It can be pasted into a shell, whatever the folder is called."""
    page = _Page(table(Facts(kind="Outcome", status="completed", trace=Path(path)))).text
    command = html.unescape(page.partition("open it")[2])

    assert shlex.split(command)[:3] == ["rlmlite", "trace", "view"]
    assert shlex.split(command)[3:] == [f"./{path}" if path.startswith("-") else path]
