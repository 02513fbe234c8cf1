"""Programs as structured data: what the JSON schema permits parses and checks, and it permits every valid program."""

import json

import pytest

from rlmlite_grammar import show
from rlmlite_grammar.structured import program_schema, read_structured
from tests.grammar.decode.decoding import accepts, prefer_objects, sample, structured_matcher, vocabulary
from tests.grammar.decode.sampling import KNOWN, draw, in_one_form, refused
from tests.grammar.decode.structured_form import document
from tests.sizes import scale, some_now

START = structured_matcher(program_schema(vocabulary()))

BEYOND = {
    "x = 1.foo": "no part of a number",
    "x = -1[0]": "as above",
    "x = (-1)[0]": "as above",
    "x = -0.0": "no zero with a sign",
    "x = 123456789012345678901234567890": "no number beyond what JSON readers keep exactly",
    "turns = range(a.first, a.last + 1)\npreview(turns)\nfinal(turns, evidence=part)": "no sums in place of numbers",
}
"""Valid programs that no decoder writes, and why."""


def sampled(count: int, seed: int) -> list[str]:
    """Random programs, read from documents that a decoder may write."""
    documents = draw(lambda drawn: sample(START, drawn, 6_000, prefer_objects), count, seed)
    return [show(read_structured(text)) for text in documents]


@pytest.mark.parametrize("seed", range(4))
def test_what_the_schema_permits_parses_and_checks(seed: int) -> None:
    """Random documents, over all actions."""
    count = scale(100, least=20)
    programs = sampled(count, seed)

    assert len(programs) > 0.6 * count
    assert refused(programs) == []


@pytest.mark.slow
def test_two_thousand_programs_parse_and_check() -> None:
    """Random documents pass; those that did not come to an end are not counted."""
    programs = sampled(5_000, 99)

    assert refused(programs) == []
    assert len(programs) >= 2_000


@pytest.mark.parametrize("text", some_now(KNOWN))
def test_a_valid_program_can_be_written(text: str) -> None:
    """A valid program has a document that the schema permits, and is read back from it."""
    program, made, words = in_one_form(text)
    written = document(program)
    start = structured_matcher(program_schema(words, made))
    spelled = json.dumps(written, ensure_ascii=False, separators=(",", ":"))

    assert accepts(start, spelled) is (text not in BEYOND), spelled
    assert document(read_structured(spelled)) == written
