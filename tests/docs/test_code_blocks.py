"""Every block of code in the documents does what the document says.

A page is one story: its blocks run from top to bottom, in one namespace and one empty folder.

- `python` blocks are executed. With `no-run` after it (a key or a network is needed) it must still compile.
- `console` and `sh` blocks with `$ ` prompts are run by bash, with the `rlmlite` of this checkout.
  A line that starts with `> ` goes on with the command; the other lines are what it must print, on either
  stream, where `...` stands for any text. A command that fails fails the page, unless it ends in
  `; echo $?` or the like.
- Other blocks, and `sh` without prompts, are not run.
"""

import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt

from docs.transcripts import run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Block(NamedTuple):
    page: Path
    line: int
    tags: tuple[str, ...]
    text: str


class Command(NamedTuple):
    text: str
    output: str


def blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence" and token.map:
            yield Block(page, token.map[0] + 1, tuple(token.info.split()), token.content)


def commands(text: str) -> list[Command]:
    found: list[Command] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Command(line[2:], ""))
        elif not found:
            raise ValueError(f"expected a command after '$ ', found {line!r}")
        elif line.startswith("> ") and not found[-1].output:
            found[-1] = Command(found[-1].text + line[2:], "")
        else:
            found[-1] = Command(found[-1].text, found[-1].output + line)
    return found


def run_python(block: Block, namespace: dict[str, Any]) -> None:
    source = "\n" * block.line + block.text  # so that a traceback names the page's own line
    code = compile(source, str(block.page), "exec")
    if "no-run" not in block.tags:
        exec(code, namespace)


def run_console(block: Block, folder: Path) -> None:
    for command in commands(block.text):
        place = f"{block.page.relative_to(ROOT)}:{block.line}: $ {command.text}"
        output = run(command.text, folder)
        assert output.code == 0, f"{place}exit code {output.code}\n{output.text}"
        assert_printed(command.output, output.text, place)


def assert_printed(expected: str, printed: str, place: str) -> None:
    checker = doctest.OutputChecker()
    if not checker.check_output(expected, printed, doctest.ELLIPSIS):
        example = doctest.Example("", expected)
        raise AssertionError(place + checker.output_difference(example, printed, doctest.REPORT_UDIFF))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's blocks run, and print what they say they print."""
    monkeypatch.chdir(tmp_path)
    # As for whoever runs a file in that folder: a page may write a module and import it.
    monkeypatch.syspath_prepend(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__page__"}
    for block in blocks(page):
        match block.tags:
            case ("python", *_):
                run_python(block, namespace)
            case ("console", *_):
                run_console(block, tmp_path)
            case ("sh", *_) if "$ " in block.text:
                run_console(block, tmp_path)


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    """The harness tells a right transcript from a wrong one."""
    right = Block(
        ROOT / "README.md",
        1,
        ("console",),
        "$ printf 'a\\nb\\nc\\n'\na\n...\nc\n$ echo 17 steps\n... steps\n",
    )
    wrong = right._replace(text="$ echo a\nb\n")
    fails = right._replace(text="$ false\n")

    run_console(right, tmp_path)
    with pytest.raises(AssertionError, match="README"):
        run_console(wrong, tmp_path)
    with pytest.raises(AssertionError, match="exit code 1"):
        run_console(fails, tmp_path)
