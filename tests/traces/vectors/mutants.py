"""Checks taken out one by one, in JavaScript and in Python: each must be missed by a vector.

A place where a check refuses something is found in the source by how it is written, so no list of them is kept:

    JavaScript    require(…), this.#require(…), throw …, fail(…), watch(…), and the sentences of contradictions
    Python        _require…(…), raise …, and the sentences of contradictions

There the check is made to say nothing; and each `&&` in it is made `||`, and the other way round. If every vector still
has its verdict, nothing in the vectors needs that check.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from rlmlite_traces.viewer.verifier import source
from tests.traces.verifier.both import node

HERE: Final = Path(__file__).parent

_REFUSALS: Final = re.compile(
    r"(?P<call>\b(?:this\.#require|(?<!function )(?<!#)require|(?<!function )fail|watch\?\.|watch|tellDefault)\()"
    r"|(?P<throw>\bthrow (?=new |broken))"
    r"|(?P<operator> (?:&&|\|\|)(?= |$))"
    r"""|(?P<words>(?<=[ (])(?P<quote>["`])(?:its |it |one of the two )[^"`]*(?P=quote))""",
    re.MULTILINE,
)


class Edit(NamedTuple):
    """One check taken out: where its text begins, the text, what stands there instead, and its line, for people."""

    at: int
    old: str
    replacement: str
    line: str


def edits(text: str) -> Iterator[Edit]:
    """Every check of the joined source, taken out."""
    for match in _REFUSALS.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        yield Edit(match.start(), match[0], _without(match), text[start : text.find("\n", match.start())].strip())


def _without(match: re.Match[str]) -> str:
    """What stands in place of a check, so that it says nothing."""
    if match["operator"]:
        return " ||" if "&" in match["operator"] else " &&"
    return "void (" if match["call"] else "return void " if match["throw"] else '""'


def killers(chosen: list[Edit], vectors: object) -> list[str | None]:
    """For each check that was taken out, the vector that misses it."""
    asked = {"source": source(), "edits": [edit._asdict() for edit in chosen], "vectors": vectors}
    done = subprocess.run(
        [node(), str(HERE / "mutants.mjs")], input=json.dumps(asked).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]
