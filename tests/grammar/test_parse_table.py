"""The kept parse table: it is the grammar's, it parses as the grammar does, and without it everything still works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import lark
import pytest

from rlmlite_grammar.diagnosis.hints import MISTAKES
from rlmlite_grammar.syntax import parse_table, reader
from rlmlite_grammar.syntax.parse_table import build_parser, grammar_digest, load_parser, parser_of, read_table
from tests.grammar.programs import corpus

PROGRAMS = [*corpus("valid"), *corpus("invalid"), *(text for mistake in MISTAKES for text in mistake.examples)]
KEPT = Path(parse_table.__file__).with_name(parse_table.TABLE)
MAKE = "import msgspec; from rlmlite_grammar.syntax.parse_table import build_parser, table_of; " + (
    "print(msgspec.json.encode(table_of(build_parser())).decode())"
)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_kept_table_is_what_the_grammar_gives(seed: str) -> None:
    """In any order of lark's sets. If this fails, the grammar or lark has changed since: `make table`."""
    path = os.pathsep.join(sys.path)
    made = subprocess.check_output([sys.executable, "-c", MAKE], env={"PYTHONHASHSEED": seed, "PYTHONPATH": path})

    assert made == KEPT.read_bytes()


def test_it_parses_as_the_grammar_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same program, or the same place with the same terminals that could have followed."""
    table = read_table()
    assert table is not None
    outcomes = []
    for parser in (build_parser(), parser_of(table)):
        monkeypatch.setattr(reader, "_parser", lambda parser=parser: parser)
        outcomes.append([reader.read(program) for program in PROGRAMS])

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("other", ["another lark", "another grammar", "damaged", "absent"])
def test_a_table_that_does_not_fit_is_not_used(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar is read instead: nothing is parsed by a table of something else."""
    if other == "another lark":
        monkeypatch.setattr(lark, "__version__", "0.0.0")
    elif other == "another grammar":
        monkeypatch.setattr(parse_table, "grammar_digest", lambda: "0" * 64)
    elif other == "damaged":
        monkeypatch.setattr(parse_table, "TABLE", "actions.lark")
    else:
        monkeypatch.setattr(parse_table, "TABLE", "absent.json")
    built = build_parser()
    monkeypatch.setattr(parse_table, "build_parser", lambda: built)

    assert load_parser() is built


def test_the_kept_table_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the lark that it was made by, no grammar is read."""
    monkeypatch.setattr(parse_table, "build_parser", lambda: pytest.fail("the grammar was read"))

    assert load_parser().options.parser == "lalr"


def test_the_table_names_its_grammar() -> None:
    """The digest in it is that of `actions.lark`, which is also what traces record."""
    kept = json.loads(KEPT.read_bytes())

    assert kept["grammar_digest"] == grammar_digest()
