"""Findings: what a nested run leaves to its parent beside its answer, so that the parent can say what that rests on.

It is stated in the words of the nested run, whose inputs are values of its parent: which spans of which input are its
evidence, and which parts of its inputs it has shown, sent to models and scanned.

    {"basis": "given", "total": 2,
     "evidence": [{"how": "verbatim", "input": "part", "spans": [[12, 40], [95, 130]]}],
     "coverage": [{"input": "part", "kind": "scanned", "ranges": [[0, 4096]]}]}

Positions are bytes from the beginning of the input, or, in the evidence, of the document `path` of a folder. In the
coverage, documents lie end to end in the order of their paths.

A nested run has them in its seal, and its parent in the record of the call: the same bytes, so that a replay of the
parent alone knows all that it needs, and whoever has both can compare them.

Not here: how they are made (`run.holding.findings`), what they mean to the parent (`actions.calls.nested_findings`).
"""

from typing import Final, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]

MOST_RANGES: Final = 4_096
"""Ranges of one input and kind that are listed. Of more, the longest are, and coverage claims too little."""


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Pieces of evidence that lie in one document, found in one way (`Evidence.how`).

    `quotes` are those that lie in no input of the nested run: their words.
    """

    how: str
    input: str = ""
    path: str = ""
    spans: tuple[Range, ...] = ()
    quotes: tuple[str, ...] = ()


class Covered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happened to some ranges of an input: they were `shown`, `read` by a model, or `scanned`.

    `more` counts the ranges that are not listed.
    """

    input: str
    kind: str
    ranges: tuple[Range, ...]
    more: int = 0


class Findings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The evidence of a nested run's answer (its basis, how many pieces, those that are listed), and its coverage."""

    basis: str = "none"
    total: int = 0
    evidence: tuple[Found, ...] = ()
    coverage: tuple[Covered, ...] = ()


NO_FINDINGS: Final = Findings()

_JSON = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Findings)


def write_findings(findings: Findings) -> str:
    """Findings as the text that records hold. The same findings are the same text."""
    return _JSON.encode(findings).decode()


def read_findings(text: str) -> Findings:
    """Findings from their text; none from an empty one. Raises `ValueError` for anything else."""
    if not text:
        return NO_FINDINGS
    try:
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"no findings of a nested run: {error}") from None
