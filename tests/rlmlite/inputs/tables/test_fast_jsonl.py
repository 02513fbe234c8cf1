"""JSON Lines by the fast way: what the definition reads, of thousands of files."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import from_path
from rlmlite.inputs.tables.texts import pieces
from rlmlite.inputs.tables.texts.jsonl import fast_jsonl
from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.tables.table_files import load_rows

pytest.importorskip("pyarrow", reason="needs the extra `tables`")

Both = Callable[[bytes, int], tuple[Source | str, Source | str]]

KINDS: dict[str, Callable[[random.Random], str]] = {
    "int": lambda chance: str(chance.randrange(-(10 ** chance.randrange(1, 18)), 10 ** chance.randrange(1, 18))),
    "float": lambda chance: repr(chance.random() * 10 ** chance.randrange(0, 9)),
    "whole": lambda chance: f"{chance.randrange(100)}.0",
    "both": lambda chance: chance.choice(("1", "2.5", "-0", "-0.0", "1e3")),
    "text": lambda chance: json.dumps(chance.choice(("x", "é✓", 'say "no"', "", "a\nb", "2024-01-02", "\U0001f600"))),
    "flag": lambda chance: chance.choice(("true", "false")),
    "null": lambda chance: "null",
}
ODD = (
    *('"x"', "5", "2.5", "null", "true", "[1]", '{"b":1}', "NaN", "-Infinity", "1e999", "99999999999999999999"),
    *("9007199254740993", "9007199254740993.0", '"\\ud83d"', '"\\u0041"', '"a\x01b"', "01", "+1", ".5", "1.", '"\x7f"'),
)
LINES = (
    *('"restart"', "[1]", "7", "null", "not json", "{", '{"a":1', "", "  ", "\t{}", "{} ", "{}", '{"zzz":1}'),
    *(
        '{"c0":1,"c0":2}',
        '{"c0":1}{"c0":2}',
        '{"\\u0063\\u0030":1}',
        '{"c0":{}',
        '{"c1":5}}',
        '{"c0":1,}',
        '{"c0"\r:1}',
    ),
)


def random_lines(seed: int) -> bytes:
    """A file of records, in which one value in many is of another kind, and one line in many is odd."""
    chance = random.Random(seed)
    columns = [chance.choice(tuple(KINDS.values())) for _ in range(chance.randrange(1, 5))]
    end = chance.choice(("\n", "\n", "\r\n"))
    oddness = chance.choice((0.0, 0.0, 0.003, 0.02))
    lines = []
    for _ in range(chance.randrange(0, 200)):
        fields = {f"c{number}": make(chance) for number, make in enumerate(columns)}
        if chance.random() < 0.1:
            fields.pop(chance.choice(list(fields)))
        if fields and chance.random() < oddness:
            fields[chance.choice(list(fields))] = chance.choice(ODD)
        gap = chance.choice(("", "", " "))
        line = "{" + f",{gap}".join(f'"{key}":{gap}{value}' for key, value in fields.items()) + "}"
        lines.append(chance.choice(LINES) if chance.random() < oddness else line)
    text = end.join(lines) + end * chance.choice((0, 1, 1, 2))
    return (chance.choice(("", "", "\ufeff", "\n")) + text).encode()


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Both:
    """Reads lines by the definition, and by the fast way in blocks of some bytes: the source, or why there is none."""

    def read() -> Source | str:
        try:
            return from_path(str(tmp_path / "a.jsonl"), FileBlobs()).source
        except InputError as error:
            return str(error)

    def read_both(content: bytes, block: int) -> tuple[Source | str, Source | str]:
        (tmp_path / "a.jsonl").write_bytes(content)
        monkeypatch.setattr(pieces, "LARGE", 1 << 60)
        defined = read()
        monkeypatch.setattr(pieces, "LARGE", 0)
        monkeypatch.setattr(pieces, "LARGEST", block)
        monkeypatch.setattr(fast_jsonl, "_FIRST", block // 2)
        return defined, read()

    return read_both


def test_random_lines_are_read_alike(both: Both) -> None:
    """Small files, in blocks so small that every one has its cut."""
    for seed in [*range(60), 368]:
        defined, fast = both(random_lines(seed), (64, 400, 3_000, 1 << 20)[seed % 4])
        assert fast == defined, f"seed {seed}"


@pytest.mark.slow
def test_many_random_lines_are_read_alike(both: Both) -> None:
    """Thousands, in two threads."""
    use_threads(2)
    try:
        for seed in range(60, 5_000):
            defined, fast = both(random_lines(seed), (64, 400, 3_000, 1 << 20)[seed % 4])
            assert fast == defined, f"seed {seed}"
    finally:
        use_threads(1)


@pytest.mark.parametrize("odd", [*(f'{{"c0":{value}}}' for value in ODD), *LINES])
@pytest.mark.parametrize("kind", ["1", "2.5", '"x"', "true", "null"])
def test_an_odd_line_far_below_is_read_alike(both: Both, kind: str, odd: str) -> None:
    """Of every kind, among values of every kind."""
    lines = [f'{{"c0":{kind}}}'] * 60
    lines[45] = odd

    defined, fast = both("\n".join(lines).encode(), 200)

    assert fast == defined


def test_lines_are_what_json_says(both: Both, tmp_path: Path) -> None:
    """Every value, compared with Python's `json`."""
    for seed in range(0, 400, 10):
        content = random_lines(seed)
        try:
            values = [json.loads(line) for line in content.decode("utf-8-sig").split("\n") if line.strip()]
        except ValueError:
            continue
        if not values or not all(isinstance(value, dict) for value in values) or not any(values):
            continue
        both(content, 300)
        keys = list(dict.fromkeys(key for value in values for key in value))
        assert load_rows(tmp_path / "a.jsonl") == [{key: value.get(key) for key in keys} for value in values]
