"""The programs of the documents: every `act` block is read, checked and executed by the kernel.

A page is one story here too: its blocks run from top to bottom in one run.

- A `text NAME` block is the input NAME; `text NAME:PATH` blocks are the files of an input of documents.
  They stand before the first program. Models answer with `MODEL`.
- A line of an `act` block may end in `# => JSON`: the value that its variable then has. `# fails: CODE` is a
  step that fails, or that the check refuses. Every other step succeeds.
- An `act refused` block is no program, each of its lines by itself.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt

from rlmlite_grammar import parse, show
from rlmlite_kernel import (
    Answered,
    Done,
    Input,
    MemoryBlobs,
    Parsed,
    Role,
    RunKey,
    Settings,
    Source,
    State,
    Suspended,
    Text,
    Unparsed,
    advance,
    begin,
    documents,
    resume,
)
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.values.values import to_json

ROOT = Path(__file__).parents[2]
MODEL = '{"label": "spam"}'
PAGES = [
    page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if "```act" in page.read_text("utf-8")
]


class Block(NamedTuple):
    line: int
    tags: tuple[str, ...]
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence" and token.map:
            yield Block(token.map[0] + 1, tuple(token.info.split()), token.content)


class Story:
    """The run of one page."""

    def __init__(self, found: list[Block]) -> None:
        self.blobs = MemoryBlobs()
        roles = {"sub": Role(model="scripted:")}
        self.state: State = begin(self._inputs(found), Settings(roles=roles), RunKey(b"k" * 32)).state

    def _inputs(self, found: list[Block]) -> dict[str, Input]:
        inputs: dict[str, Input] = {}
        folders: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for block in found:
            match block.tags:
                case ("text", name) if ":" in name:
                    folder, _, path = name.partition(":")
                    folders[folder].append((path, self.blobs.put(block.text.encode()), len(block.text.encode())))
                case ("text", name):
                    content = block.text.encode()
                    value = Text(self.blobs.put(content), 0, len(content))
                    inputs[name] = Input(value, Source("text"), content)
        inputs |= {name: Input(documents(files), Source("documents")) for name, files in folders.items()}
        return inputs

    def run(self, text: str) -> dict[int, str]:
        """Execute a program; the code of each statement, empty when all its steps are ok."""
        said = parse(text)
        assert isinstance(said, Parsed), said
        again = parse(show(said.program))
        assert isinstance(again, Parsed)
        assert again.program == said.program
        done = advance(self.state, said, self.blobs)
        entries = [*done.entries]
        while isinstance(done, Suspended):
            done = resume(done, [Answered(MODEL) for _ in done.requests], self.blobs)
            entries += done.entries
        assert isinstance(done, Done)
        self.state = done.state
        found: dict[int, str] = {}
        for entry in entries:
            if isinstance(entry.record, Step):
                found[entry.record.statement] = found.get(entry.record.statement) or entry.record.code
        return found

    def value(self, name: str) -> Any:
        return json.loads(json.dumps(to_json(self.state.variables[name].data.value, self.blobs)))


_EXPECTED = re.compile(r"^(\w+) = .*# => (.*)$|# fails: (\w+)$")


def expectations(text: str) -> tuple[Mapping[str, str], list[str]]:
    """Values by the variable's name, and the codes of steps that fail, in order."""
    values, failures = {}, []
    for line in text.splitlines():
        found = _EXPECTED.search(line)
        if found and found[3]:
            failures.append(found[3])
        elif found:
            values[found[1]] = found[2]
    return values, failures


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_do_what_the_page_says(page: Path) -> None:
    """They run, and their values are the ones beside them."""
    found = list(blocks(page))
    story = Story(found)
    for block in found:
        place = f"{page.relative_to(ROOT)}:{block.line}"
        if block.tags == ("act", "refused"):
            for line in block.text.strip().split("\n"):
                assert isinstance(parse(line), Unparsed), f"{place}: {line}"
        elif block.tags == ("act",):
            values, failures = expectations(block.text)
            codes = story.run(block.text)
            assert [code for code in codes.values() if code] == failures, place
            for name, expected in values.items():
                assert story.value(name) == json.loads(expected), f"{place}: {name}"


def test_a_wrong_value_is_found(tmp_path: Path) -> None:
    """The check above can fail."""
    story = Story([Block(1, ("text", "log"), "a\nb\n")])

    assert story.run("n = count(log)\nm = search(log, 1)") == {0: "", 1: "query"}
    assert story.value("n") == 4
    assert expectations("n = 1 # => 2\nx = y # fails: type\n") == ({"n": "2"}, ["type"])
