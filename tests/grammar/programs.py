"""The conformance corpus, and ways to look at programs; shared by the tests of the grammar."""

from pathlib import Path

import msgspec

from rlmlite_grammar import parse
from rlmlite_kernel.program.ast import Parsed, Program
from rlmlite_kernel.program.problems import Unparsed, explain

_CORPUS = Path(__file__).parents[2] / "grammar" / "corpus"


def corpus(name: str) -> list[str]:
    """The programs of `valid.act` or `invalid.act`."""
    return (_CORPUS / f"{name}.act").read_text(encoding="utf-8").removesuffix("\n").split("\n---\n")


def encode_program(program: Program) -> bytes:
    """A program as bytes, where `1`, `1.0` and `true` differ."""
    return msgspec.json.encode(program)


def parse_program(text: str) -> Parsed:
    """The program in a text; fails the test if there is none."""
    result = parse(text)
    assert isinstance(result, Parsed), explain(result.problems, text)
    return result


def refusal_of(text: str) -> Unparsed:
    """The refusal of a text; fails the test if it is a program."""
    result = parse(text)
    assert isinstance(result, Unparsed), f"should not parse: {text!r}"
    return result


def message(text: str) -> str:
    """The message that the writer of this text gets."""
    return explain(refusal_of(text).problems, text)
