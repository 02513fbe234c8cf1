"""Claims: quotes that come with their place, as observations and the command line print it.

    app.log:2: beta two          of a file, a document or an input: line 2 holds these words
    2: beta two                  of a text whose name nobody said

Each is checked as what it says. On line 3 "beta two" proves nothing, though it stands on line 2: somebody who cites a
wrong line has not looked. What was cut from a long line (`…`) is not claimed.
Not here: quotes without a place (`observation.evidence`), which are looked for everywhere.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from rlmlite_kernel.observation.marks import parts_of
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text

_CLAIM: Final = re.compile(
    r"[ \t]*(?:(?P<name>[^\n]*?[^\n\s]):)?(?P<line>[1-9]\d{0,11})(?::| \|)[ \t]*(?P<words>[^\n]*\S)"
)


class Claim(NamedTuple):
    """Words that are said to stand on a line (from 1) of something; the name is empty if nobody said of what."""

    name: str
    line: int
    words: str


def claims_in(quote: str) -> list[Claim]:
    """The claims that a quote is made of, one per line; none if any line of it is something else."""
    claims: list[Claim] = []
    for line in quote.split("\n"):
        if not line.strip():
            continue
        match = _CLAIM.fullmatch(line.rstrip())
        if match is None:
            return []
        claims.append(Claim((match["name"] or "").strip(), int(match["line"]), match["words"]))
    return claims


def is_named(name: str, input_name: str, path: str) -> bool:
    """Whether a claim's name is that of an input, or of a file: its path, or the end of it."""
    return name in ("", input_name, path) or path.endswith(f"/{name}") or f"{input_name}/{path}".endswith(f"/{name}")


def find_claim(claim: Claim, texts: Iterable[Text], blobs: Blobs) -> Text | None:
    """Where the words of a claim stand, on its line of one of these whole texts."""
    for text in texts:
        found = _in_line(claim, text, blobs)
        if found is not None:
            return found
    return None


def _in_line(claim: Claim, text: Text, blobs: Blobs) -> Text | None:
    lines = blobs.lines(text.blob)
    if claim.line > lines.count:
        return None
    start, stop = lines.bounds_at(lines.start_of(claim.line))
    content = bytes(blobs.read(text.blob)[start:stop]).decode()
    first, place = -1, 0
    for part in parts_of(claim.words):
        match = part.search(content, place)
        if match is None:
            return None
        first = match.start() if first < 0 else first
        place = match.end()
    if first < 0:
        return None
    before, words = content[:first].encode(), content[first:place].encode()
    return Text(text.blob, start + len(before), start + len(before) + len(words))
