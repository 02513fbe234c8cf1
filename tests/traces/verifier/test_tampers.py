"""Tampering of every kind, over every file of traces of every kind: with a known root nothing passes either verifier.

A few hundred in the suite, 60,000 in `make sweep`.
"""

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.traces.vectors import contradictions, sound_traces
from tests.traces.verifier.both import Verdict, files_of, folder_in_python, in_javascript, in_python, write_files
from tests.traces.verifier.tampers import KINDS, Files, tampered

GOLDEN: Final = Path(__file__).parents[3] / "traces" / "golden"


def traces() -> list[Files]:
    """Every kept trace, and made ones: redacted, with a large content, nested and redacted, with excerpts.

    All are sealed: an open trace may hold contents that no record names yet. Nor is there a file in them that is no
    part of a trace, which could be changed as one likes.
    """
    made = {**sound_traces.SOUND, **contradictions.SOUND}
    found = [files_of(path) for path in sorted(GOLDEN.glob("*/*.rlm"))]
    found += [make() for name, make in made.items() if name != "a file beside the contents"]
    return [files for files in found if b'"kind":"seal"' in files["trace.jsonl"]]


def folder_verdict(files: Files, root: str | None) -> Verdict:
    """What Python says of a whole folder."""
    with tempfile.TemporaryDirectory() as folder:
        return folder_in_python(write_files(Path(folder) / "a.rlm", files), root)


def python_verdict(files: Files, root: str) -> Verdict:
    """What Python says. A disk is needed only for what no fault is found in otherwise."""
    if {"trace.jsonl", "blobs.jsonl", "effects.jsonl"} <= files.keys():
        verdict = in_python(files, root)
        if verdict.error:
            return verdict
    return folder_verdict(files, root)


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 300), *(pytest.param(seed, 1_200, marks=pytest.mark.slow) for seed in range(1, 51))]
)
def test_no_tampering_passes(seed: int, count: int) -> None:
    """A changed trace has another verdict than it had, in both; and both say the same."""
    originals = traces()
    verdicts = in_javascript((files, None) for files in originals)
    cases = list(tampered(originals, random.Random(seed), count))

    javascript = in_javascript((each.files, verdicts[number].root) for number, each in cases)
    python = [python_verdict(each.files, verdicts[number].root) for number, each in cases]

    tried = Counter(each.kind for _, each in cases)
    missed = [
        (number, each.kind)
        for (number, each), mine, its in zip(cases, python, javascript, strict=True)
        if verdicts[number] in (mine, its)
    ]
    other = [
        (number, each.kind, mine, its)
        for (number, each), mine, its in zip(cases, python, javascript, strict=True)
        if (mine.error, mine.check) != (its.error, its.check) or mine.nested != its.nested
    ]
    assert missed == []
    assert other == []
    assert tried.keys() == KINDS.keys()
