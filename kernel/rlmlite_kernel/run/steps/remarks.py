"""Remarks as records keep them (code, count, place, and the example as a blob), and those about a program's text.

Not here: the sentences, which observations and outcomes say (`records.remarks`).
"""

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed, line_and_column
from rlmlite_kernel.records.evolution import NULLS_ARE_SAID
from rlmlite_kernel.records.records import Blob, Remark
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text


def say_misses(context: StepContext, documents: DocumentNames) -> None:
    """Make remarks of what a step has missed (`evaluation.misses`)."""
    context.say_misses(partial(_locate, documents, context.blobs))


def _locate(documents: DocumentNames, blobs: Blobs, span: Text) -> tuple[str, str, int]:
    """The input that a span lies in, the path of its file in a folder, and its line; empty and 0 where unknown."""
    name, path, _ = documents.names.get(span.blob, ("", "", ""))
    # Rows of a binary table lie in no text.
    if not name or span.blob in documents.tables:
        return name, "", 0
    is_alone = sum(each[0] == name for each in documents.names.values()) == 1
    return name, "" if is_alone else path, blobs.lines(span.blob).line_at(span.start)


def remarks_of_reading(said: Parsed | Unparsed) -> tuple[StepRemark, ...]:
    """The notes of how a program was read, each with its line in the program."""
    if isinstance(said, Unparsed):
        return ()
    return tuple(
        StepRemark(problem.message, code=problem.code, is_note=True, line=line_and_column(said.text, problem.offset)[0])
        for problem in said.notes
        if problem.offset is not None
    )


def say_lines(remarks: Iterable[StepRemark]) -> str:
    """Remarks about lines of a program, as an observation says them."""
    return "\n".join(f"! line {remark.line}: {remark.message}" for remark in remarks)


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
