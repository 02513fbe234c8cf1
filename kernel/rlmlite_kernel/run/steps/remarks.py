"""Remarks of steps as records keep them: code, count, place, and the example as a blob.

Not here: the sentences, which observations and outcomes say (`records.remarks`).
"""

from collections.abc import Sequence

import msgspec

from rlmlite_kernel.records.evolution import NULLS_ARE_SAID
from rlmlite_kernel.records.records import Blob, Remark
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.state import State


def record_remarks(
    remarks: Sequence[StepRemark], state: State
) -> tuple[tuple[Remark, ...], tuple[Remark, ...], tuple[Blob, ...]]:
    """Warnings, notes, and the blobs of their examples; nothing in a run of before they were recorded."""
    if NULLS_ARE_SAID not in state.run.flags:
        return (), (), ()
    warnings: list[Remark] = []
    notes: list[Remark] = []
    examples: dict[str, Blob] = {}
    # Warnings first: blobs stand in the trace in the order in which the record names them.
    for each in sorted(remarks, key=lambda remark: remark.is_note):
        example = blob(state.run.salts, each.quoted.encode()) if each.quoted else None
        if example is not None:
            examples.setdefault(example.ref, example)
        ref = None if example is None else example.ref
        record = Remark(code=each.code, n=each.n, example=ref, input=each.input, line=each.line)
        (notes if each.is_note else warnings).append(record)
    return tuple(warnings), tuple(notes), tuple(examples.values())


def without_examples(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """The same without blobs: what another trace may say of them."""
    return tuple(msgspec.structs.replace(remark, example=None) for remark in remarks)
