"""Programs as structured data: what the JSON schema permits parses and checks, and it permits every valid program."""

import json
import random

import pytest

from rlmlite_grammar import show
from rlmlite_grammar.decode import Vocabulary
from rlmlite_grammar.structured import program_schema, read_structured
from rlmlite_kernel import ACTIONS
from tests.grammar.decode.decoding import Form, accepts, prefer_objects, sample, structured_matcher, vocabulary
from tests.grammar.decode.structured_form import document
from tests.grammar.decode.test_decode import KNOWN, free, problems, twice
from tests.grammar.programs import parse_program
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
    """Random programs, read from documents; those that did not come to an end are left out."""
    drawn = random.Random(seed)
    found = (sample(START, drawn, 6_000, prefer_objects) for _ in range(count))
    return [show(read_structured(text)) for text in found if text is not None]


@pytest.mark.parametrize("seed", range(4))
def test_what_the_schema_permits_parses_and_checks(seed: int) -> None:
    """Random documents, over all actions."""
    count = scale(100, least=20)
    programs = sampled(count, seed)

    assert len(programs) > 0.6 * count
    assert [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]] == []


@pytest.mark.slow
def test_two_thousand_programs_parse_and_check() -> None:
    """Random documents pass; those that did not come to an end are not counted."""
    programs = sampled(5_000, 99)
    refused = [(text, problems(text)) for text in programs if [p for p in problems(text) if not twice(p)]]

    assert refused == []
    assert len(programs) >= 2_000


@pytest.mark.parametrize("text", some_now(KNOWN))
def test_a_valid_program_can_be_written(text: str) -> None:
    """A valid program has a document that the schema permits, and is read back from it."""
    program = parse_program(text).program
    names = free(program) or ("context",)
    form = Form(names)
    written = document(form.program(program))
    start = structured_matcher(
        program_schema(Vocabulary(table=ACTIONS, variables=names, tools=("http_get",)), form.made)
    )
    spelled = json.dumps(written, ensure_ascii=False, separators=(",", ":"))

    assert accepts(start, spelled) is (text not in BEYOND), spelled
    assert document(read_structured(spelled)) == written
