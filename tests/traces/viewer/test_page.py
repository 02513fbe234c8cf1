"""The page in a browser: what it shows, what it cannot be made to do, and that a keyboard is enough."""

import re
import time
from pathlib import Path

import pytest

import rlmlite
from rlmlite_traces.sharing.redacting.redact import redact
from rlmlite_traces.sharing.redacting.selection import Selection
from tests.traces.viewer.browser import Page
from tests.traces.viewer.conftest import HOSTILE, write

GOLDEN = Path(__file__).parents[3] / "traces" / "golden"
CHECK = "(document.getElementById('check').click(), document.getElementById('verdict').textContent)"
WORDS = "document.getElementById('page').textContent"


def test_a_hostile_trace_shows_and_does_nothing(page: Page, hostile: Path) -> None:
    """Its texts are on the page as text; no script of its own ran, nothing was asked of a network, nothing failed."""
    page.open(hostile)
    page.run("document.querySelectorAll('details').forEach((each) => { each.make?.(); each.open = true; })")
    page.run("document.querySelectorAll('details').forEach((each) => { each.make?.(); each.open = true; })")
    assert page.run("typeof window.HACKED") == "undefined"
    assert page.run("document.querySelectorAll('main img, main script, main style, main [onerror]').length") == 0
    words = page.run(WORDS)
    assert "</script><script>window.HACKED = 1</script>" in words
    assert "\u202e" not in words
    assert "\x1b" not in words
    links = page.run("[...document.links].map((each) => each.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)
    assert page.requests == [hostile.resolve().as_uri()]
    assert page.complaints == []


def test_the_policy_holds_even_against_the_page(page: Page, hostile: Path) -> None:
    """Were a script or a request let in by a mistake of ours, the browser would refuse it."""
    page.open(hostile)
    page.run("window.made = document.createElement('script'); made.textContent = 'window.HACKED = 3'; 0")
    page.run("document.body.append(made)")
    page.run("fetch('http://127.0.0.1:9/').catch(() => 0).then(() => 1)")
    assert page.run("typeof window.HACKED") == "undefined"
    assert len(page.complaints) >= 2


def test_the_page_checks_the_trace_that_it_carries(page: Page, hostile: Path, tmp_path: Path) -> None:
    """Sound as it is; not with another root, nor when a byte of what it carries was changed."""
    root = re.search(r'"root":"([0-9a-f]{64})"', hostile.read_text())
    assert root is not None
    page.open(hostile)
    assert page.run(CHECK).startswith("sound: SEALED")
    page.run(f"document.getElementById('root').value = '{root[1]}'")
    assert page.run(CHECK).startswith("sound: SEALED")
    page.run(f"document.getElementById('root').value = '{'0' * 64}'")
    assert page.run(CHECK).startswith("not sound")
    changed = tmp_path / "t.html"
    changed.write_text(re.sub(r'("trace\.jsonl":".{400})(.)', _other, hostile.read_text()))
    page.open(changed)
    assert page.run(CHECK).startswith("not sound")


def _other(match: re.Match[str]) -> str:
    return match[1] + ("B" if match[2] == "A" else "A")


def test_a_keyboard_is_enough(page: Page, hostile: Path) -> None:
    """Tab reaches the link to the answer first; j and k walk the steps; Enter unfolds one; a link opens its step."""
    page.open(hostile)
    page.press("Tab", 9)
    assert page.run("document.activeElement.textContent") == "to the answer"
    page.press("j", 74, "j")
    first = page.run("document.activeElement.textContent")
    page.press("j", 74, "j")
    assert page.run("document.activeElement.textContent") != first
    page.press("k", 75, "k")
    assert page.run("document.activeElement.textContent") == first
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.parentElement.open")
    page.open(hostile, "#step-2")
    assert page.run("document.getElementById('step-2').open")


@pytest.mark.slow
def test_ten_thousand_calls_are_shown_at_once(page: Page, fan_out: Path) -> None:
    """The page of a run of 10,000 calls is there in seconds, and makes nodes for what is unfolded alone."""
    begun = time.monotonic()
    page.open(fan_out)
    assert time.monotonic() - begun < 15
    page.run("(location.hash = '#step-2', 0)")
    page.run("document.querySelectorAll('details').forEach((each) => { each.make?.(); each.open = true; })")
    page.run("document.querySelectorAll('details').forEach((each) => { each.make?.(); each.open = true; })")
    assert "show 200 more of 9800" in page.run(WORDS)
    assert page.run("document.querySelectorAll('*').length") < 20_000


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 8])
def test_kept_traces_have_a_page(every: int, page: Page, tmp_path: Path) -> None:
    """Whatever outcome and action: the script goes through it, unfolded, without an error."""
    traces = sorted(GOLDEN.glob("*/*.rlm"))[::every]
    assert len(traces) >= 4
    pages = [write(trace, tmp_path / f"{trace.parent.name}-{trace.stem}.html") for trace in traces]
    page.open(pages[0])
    for each in pages:
        page.go(each)
        page.run("document.querySelectorAll('details').forEach((fold) => fold.make?.())")
        page.run("document.querySelectorAll('details').forEach((fold) => fold.make?.())")
        assert "needs JavaScript" not in page.run(WORDS), each.name
    assert page.complaints == []


def test_what_was_removed_is_said(page: Page, tmp_path: Path) -> None:
    """A redacted trace is shown as such: what is gone, why and by whom; the page still finds it sound."""
    trace = tmp_path / "t.rlm"
    rlmlite.execute('final(search(context, "ERROR").text)', "an ERROR of Ann\n", trace=trace)
    redact(trace, Selection(containing=("Ann",)), reason="asked to", who="me")
    page.open(write(trace, tmp_path / "t.html"))
    assert page.run(CHECK).startswith("sound")
    words = page.run(WORDS)
    assert "Ann" not in words
    assert "[redacted]" in words
    assert "contents were removed: asked to me" in words
    assert "null" not in words


def test_data_cannot_end_its_block(hostile: Path) -> None:
    """In the file as it is: as many ends of scripts as there are scripts of ours, and no `<` in data."""
    text = hostile.read_text()
    assert text.count("</script") == text.count("<script") == 4
    for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL):
        assert "<" not in block
    assert HOSTILE[:20] not in text
