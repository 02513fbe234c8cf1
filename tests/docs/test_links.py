"""Links within the repository lead somewhere. Links to elsewhere are not tried: tests need no network."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
FOLDERS = ["benchmarks", "docs", "grammar", "kernel", "rlmlite", "tests", "traces"]
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def parsed(page: Path) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(page.read_text("utf-8"))


def links(page: Path) -> Iterator[str]:
    for token in parsed(page):
        for child in token.children or []:
            target = child.attrs.get("href") or child.attrs.get("src")
            if target:
                yield str(target)


def anchors(page: Path) -> set[str]:
    """The names that a page's headings get where it is shown: lower case, hyphens, no punctuation."""
    tokens = parsed(page)
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.exists():
            yield f"{link}: there is no such file"
        elif parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that exists, and a heading in it."""
    assert list(broken(page)) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """The check above can fail."""
    page = tmp_path / "page.md"
    page.write_text("# One fine day\n[a](#one-fine-day) [b](#two) [c](page.md) [d](none.md) [e](https://example.org)\n")

    assert list(broken(page)) == ["#two: there is no such heading", "none.md: there is no such file"]


def test_the_index_lists_every_page() -> None:
    """No page can be found only by those who know its name."""
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / unquote(urlsplit(link).path)).resolve() for link in links(index)}

    assert set((ROOT / "docs").rglob("*.md")) - listed - {index} == set()
