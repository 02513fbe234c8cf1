"""Altered proofs: whatever is changed in a file is found, without a known root too."""

from pathlib import Path

import pytest

from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces import verify
from rlmlite_traces.proofs.form import encode_proof
from rlmlite_traces.proofs.prove import prove
from tests.traces.proofs.tampering import is_accepted, tampered
from tests.traces.replays.test_golden import KEPT

CURRENT = [place for place in KEPT if place.parent.name == "2.3"]


def find_missed(place: Path, *records: int) -> list[object]:
    """The changes of proofs of a trace that nobody would notice; of these records, or of all."""
    trace = verify(place)
    missed: list[object] = []
    for record in trace.records:
        is_wanted = not records or record.seq in records
        is_provable = isinstance(record, Step) or (isinstance(record, Turn) and record.earlier is None)
        if is_wanted and is_provable:
            proof = prove(trace, record.seq)
            assert is_accepted(encode_proof(proof))
            missed += [(record.seq, path, change) for path, change, data in tampered(proof) if is_accepted(data)]
    return missed


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("search", 11),  # a look, with the call that was written
        ("fan-out", 7),  # a condition over rows
        ("faults", 5),  # skipped, since another step failed
        ("held-rests-on-warning", 10),  # an answer that its controller insists on
        ("nested-evidence", 7),  # calls of others are out meanwhile
        ("tools", 12),  # an approval and a call
    ],
)
def test_every_change_of_a_leaf_is_found(name: str, record: int) -> None:
    """Of a step of each kind."""
    place = next(place for place in CURRENT if place.stem == name)

    assert find_missed(place, record) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", CURRENT, ids=lambda place: place.stem)
def test_every_change_of_every_leaf_is_found(place: Path) -> None:
    """Of every step and turn of every kept trace."""
    assert find_missed(place) == []
