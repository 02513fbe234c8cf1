"""The pages name modules, functions and files that exist.

Names are looked for in inline code only; blocks of code are executed elsewhere. Decision pages are left out, because
they say how things were when they were written.
"""

import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.rooms import PACKAGES

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    ROOT / "benchmarks" / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "decisions"),
]

_DOTTED = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
_PATH = re.compile(r"(?:benchmarks|docs|grammar|kernel|tests|traces)/[\w./-]*")
_NOT_A_NAME = {"rlmlite.toml"}


def code_spans(text: str) -> Iterator[str]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield from (child.content for child in token.children or [] if child.type == "code_inline")


def names_nothing(dotted: str) -> bool:
    try:
        pkgutil.resolve_name(dotted)
    except (AttributeError, ImportError):
        return True
    return False


def unknown_in(text: str) -> list[str]:
    """The dotted names and the paths of a page that lead nowhere."""
    spans = list(code_spans(text))
    dotted = {name for span in spans for name in _DOTTED.findall(span)} - _NOT_A_NAME
    paths = {path for span in spans if (match := _PATH.match(span)) for path in [match[0]]}
    return sorted(
        [name for name in dotted if names_nothing(name)] + [path for path in paths if not (ROOT / path).exists()]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_what_exists(page: Path) -> None:
    """Every module, function and file that it names can be found in this checkout."""
    assert unknown_in(page.read_text("utf-8")) == []


def test_a_name_that_leads_nowhere_is_found() -> None:
    """Modules, attributes and paths; names that exist pass."""
    text = "`rlmlite.run`, `rlmlite_kernel.table.Table`, `tests/rooms.py`, `rlmlite.toml`"
    assert unknown_in(text) == []

    wrong = "`rlmlite.nosuch`, `rlmlite_kernel.run.nosuch`, `kernel/nosuch.py`, `rlmlite.Outcome.nosuch`"
    assert unknown_in(wrong) == [
        "kernel/nosuch.py",
        "rlmlite.Outcome.nosuch",
        "rlmlite.nosuch",
        "rlmlite_kernel.run.nosuch",
    ]


def rooms_of(package: Path) -> set[str]:
    """The folders and modules of a package's root, as CONTRIBUTING writes them: `name/` and `name.py`."""
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    return folders | {path.name for path in package.glob("*.py") if not path.stem.startswith("__")}


@pytest.mark.parametrize("package", PACKAGES)
def test_contributing_lists_every_room(package: str) -> None:
    """Whoever looks for a place finds each folder and module of a package's root in the package's table."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    begin = f"\n`{PACKAGES[package].relative_to(ROOT)}/`, "
    table = text.split(begin, 1)[1].split("\n\n", 2)[1]
    passed_on = {f"{name.rpartition('.')[2]}.py" for name in code_spans(text) if name.startswith(f"{package}.")}

    assert rooms_of(PACKAGES[package]) - set(code_spans(table)) - passed_on == set()
