"""Traces for pages: an honest one, a hostile one, one with many calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rlmlite
from rlmlite_traces.reading.story import open_story
from rlmlite_traces.viewer.page import viewer_page
from tests.traces.viewer.browser import Page, browser

HOSTILE = (
    "</script><script>window.HACKED = 1</script><img src=x onerror='window.HACKED = 2'>"
    "<!-- \u202e evil \x1b[31m ]]> &lt; \u2028 <style>body{display:none}</style> {{7*7}} ${7*7} "
    "<a href='javascript:1'>x</a>"
)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run whose every text is hostile: input, question, replies, answers, programs, names of files."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "docs").mkdir()
    (folder / "docs" / "<b onmouseover=alert(1)>.txt").write_text(f"ERROR {HOSTILE}\n" * 3)
    replies = [
        f'{HOSTILE}\n```rlm\n# {HOSTILE}\nsaid = sub_lm("read {{log}}")\nhits = search(docs, "ERROR")\n```',
        f"```rlm\nfinal({{said: said, hits: hits.text, note: {HOSTILE!r}}})\n```",
    ]
    rlmlite.run(
        f"What is {HOSTILE}?",
        {"log": f"{HOSTILE}\nERROR here", "docs": folder / "docs"},
        controller=rlmlite.Scripted(replies),
        sub=rlmlite.Scripted([HOSTILE]),
        trace=folder / "t.rlm",
        scope={"user": HOSTILE},
    )
    return write(folder / "t.rlm", folder / "t.html")


@pytest.fixture(scope="session")
def fan_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with 10,000 calls."""
    folder = tmp_path_factory.mktemp("fan_out")
    text = "".join(f"line {number} of a log\n" for number in range(10_000))
    program = 'read = extract_over_chunks(chunk(context, by="lines", size=1), "What? {chunk}")\nfinal(count(read))'
    rlmlite.execute(
        program,
        text,
        sub=rlmlite.Scripted(["fine"] * 10_000),
        limits={"sub_calls": 20_000, "output_tokens": 10**9},
        trace=folder / "t.rlm",
    )
    return write(folder / "t.rlm", folder / "t.html")


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """One browser for all tests."""
    with browser() as opened:
        yield opened


def write(trace: Path, page: Path) -> Path:
    """The page of a trace, as a file."""
    page.write_text("".join(viewer_page(open_story(trace), trace)))
    return page
