"""`traces/vectors.json` is what its script makes; both verifiers meet it, and no check of theirs could be missing."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from rlmlite_traces.viewer.verifier import source
from tests.sizes import with_the_rest_slow
from tests.traces.format.test_checks import BROKEN
from tests.traces.vectors.mutants import edits, killers
from tests.traces.vectors.python_mutants import Site, sites, taken_out
from tests.traces.vectors.python_reader import failures
from tests.traces.vectors.writing import FILE, written
from tests.traces.verifier.both import node

HERE: Final = Path(__file__).parent


@cache
def vectors() -> Any:
    return json.loads(FILE.read_text("utf-8"))


def test_the_file_is_fresh() -> None:
    """`python -m tests.traces.vectors.writing` would write what is there."""
    assert FILE.read_text("utf-8") == written()


def test_every_rule_has_a_vector() -> None:
    """Each code that a trace can be refused under is the verdict on one; `length` would take 64 MiB."""
    found = {vector["verdict"].get("check", "") for vector in vectors()["traces"]}

    assert {*BROKEN} - found == set()


def test_python_meets_every_vector() -> None:
    """Lines, numbers, values, trees, refs, ids and whole traces."""
    assert list(failures(vectors())) == []


def test_javascript_meets_every_vector() -> None:
    """The same, by the joined script that a page has."""
    program = f"""
        import {{ failures }} from {json.dumps((HERE / "vectors.mjs").as_uri())};
        import {{ readFileSync }} from "node:fs";
        const {{ source, vectors }} = JSON.parse(readFileSync(0, "utf8"));
        console.log(JSON.stringify(failures(new Function(source + "; return rlmliteVerifier;")(), vectors)));
    """
    asked = json.dumps({"source": source(), "vectors": vectors()}).encode()
    done = subprocess.run([node(), "--input-type=module", "-e", program], input=asked, capture_output=True, check=True)

    assert json.loads(done.stdout) == []


NO_VECTOR: Final = {
    "at most ${longest} bytes": "a line of 64 MiB; see `test_command.py`",
    'second || "another spelling"': "only the words of a message",
    "its id is not one of a call": "only the words of a message",
}
"""Pieces of lines in JavaScript that no vector can need, each with the reason."""


@pytest.mark.parametrize("part", with_the_rest_slow(range(60), [7]))
def test_no_check_in_javascript_could_be_missing(part: int) -> None:
    """Take any check out, or turn an "and" into an "or": a vector has another verdict. A sixtieth in the suite."""
    chosen = [edit for edit in edits(source()) if not any(piece in edit.line for piece in NO_VECTOR)][part::60]

    found = killers(chosen, vectors())

    assert [edit.line for edit, killer in zip(chosen, found, strict=True) if killer is None] == []


PYTHON_ALONE: Final = {
    "NotCanonicalError": "a writer refuses to write it",
    "MAX_LINE": "a line of 64 MiB; `test_lines_have_a_limit` has a lower bound",
    "'the reader'": "a content that is asked for after the trace was verified",
    "changed after it was checked": "a file that changes between two reads",
    "cannot be opened": "a file that vanishes between two looks at it",
    "'effects-step'": "a guard for other callers: the lines of other records are never taken",
    "'no calls'": "the same, of a step that counts none",
}
"""Pieces of statements in Python that no vector can need, each with the reason."""


def needed_sites() -> list[Site]:
    return [site for site in sites() if not any(piece in site.text for piece in PYTHON_ALONE)]


@pytest.mark.parametrize("part", with_the_rest_slow(range(25), [3]))
def test_no_check_in_python_could_be_missing(part: int) -> None:
    """Take any refusal out: a vector has another verdict. A twenty-fifth in the suite."""
    missed = [site.text for site in needed_sites()[part::25] if not _is_noticed(site)]

    assert missed == []


def _is_noticed(site: Site) -> bool:
    with taken_out(site):
        try:
            return next(failures(vectors()), None) is not None
        except Exception:
            return True  # what the check guarded against went wrong


def test_checks_are_found_by_how_they_are_written() -> None:
    """The places that are taken out are many, and those that no vector can need are few."""
    everywhere, everything = list(edits(source())), list(sites())

    assert len(everywhere) > 200
    assert len(everything) > 100
    assert len(everything) - len(needed_sites()) < 15
