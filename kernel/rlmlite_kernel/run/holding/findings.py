"""The findings of a nested run at its end, out of its state. See `records.findings` for what they are.

Positions in a state are of contents; findings are of inputs, since the contents of an input that a program made are
known to nobody else.

    input `part`, bytes 4,000 to 8,000 of a file      evidence at 4,012 of the file is [12, ...) of `part`
    input `docs`, b.txt (10 bytes), a.txt (20)        all of b.txt scanned: [20, 30), since a.txt comes first
"""

from collections.abc import Sequence

from rlmlite_kernel.observation.coverage import KINDS
from rlmlite_kernel.observation.evidence import Evidence
from rlmlite_kernel.records.findings import MOST_RANGES, Covered, Findings, Found, Range
from rlmlite_kernel.run.holding.standing import standing
from rlmlite_kernel.run.steps.state import State


def findings_of(state: State) -> Findings:
    """What a nested run has to say to its parent."""
    coverage = tuple(_covered(state, name, kind) for name in sorted(state.coverage.layout.sizes) for kind in KINDS)
    covered = tuple(each for each in coverage if each.ranges)
    stands = standing(state)
    if stands is None:
        return Findings(coverage=covered)
    answer = stands.answer
    return Findings(answer.basis, answer.evidence_total, _evidence(answer.evidence, state), covered)


def _evidence(items: Sequence[Evidence], state: State) -> tuple[Found, ...]:
    """Pieces of evidence by what they share, in the order of the first of each."""
    places: dict[tuple[str, str, str], list[Range]] = {}
    quotes: dict[str, list[str]] = {}
    bases = state.coverage.layout.bases
    for each in items:
        if not each.input:
            quotes.setdefault(each.how, []).append(each.text)
            continue
        base = bases.get(each.input)
        # Documents are named by their path, and so is a text that is one of them; only the position of that is moved.
        key = (each.how, each.input, each.path if base is None else "")
        shift = base or 0
        places.setdefault(key, []).append((each.start + shift, each.stop + shift))
    found = [Found(*key, spans=tuple(spans)) for key, spans in places.items()]
    return (*found, *(Found(how, quotes=tuple(words)) for how, words in quotes.items()))


def _covered(state: State, name: str, kind: str) -> Covered:
    ranges = state.coverage.by_path(name, kind)
    if len(ranges) <= MOST_RANGES:
        return Covered(name, kind, tuple(ranges))
    # Too little is claimed rather than too much: of the ranges, and not of what lies between them.
    longest = sorted(ranges, key=lambda pair: (pair[0] - pair[1], pair))[:MOST_RANGES]
    return Covered(name, kind, tuple(sorted(longest)), len(ranges) - MOST_RANGES)
