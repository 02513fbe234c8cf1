"""Checking a proof: the record is one of the trace's, and the kernel computes it from what the file holds alone.

    in the trace      the inclusion proofs lead from the genesis, the record and the last line to the root
    state before      its digest is in the line before, which the record names by its hash (`prev`)
    computed          the step is executed, and its record and the lines of its calls are compared byte for byte
    nothing else      whatever is in the file was needed: a blob that nobody asked for, a salt that nothing was made
                      with, a circumstance without which the record is the same, are refused

Two things are not computed. Coverage adds up over the run: what this step has looked at is a part of what is recorded.
On how many places an answer rests that names no evidence follows from steps before it, and is a circumstance.
"""

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.evolution import FLAGS, RENDERING
from rlmlite_kernel.records.merkle import leaf
from rlmlite_kernel.records.records import Addition, AnyRecord, Genesis, Step, Turn
from rlmlite_kernel.run.turns.outages import recorded_outage
from rlmlite_kernel.values.blobs import BlobMissingError
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import RootMismatchError, UnknownFormatError
from rlmlite_traces.format.formats import is_current
from rlmlite_traces.format.lines import decode_record
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.proofs.execution import Execution, StepCheck
from rlmlite_traces.proofs.form import LARGEST, Leaf, ProofBrokenError, StepProof
from rlmlite_traces.proofs.inclusion import head_by_path
from rlmlite_traces.proofs.state import ChainedLines
from rlmlite_traces.replays.verdicts import Verdict


def check(
    proof: StepProof,
    root: str | None = None,
    *,
    parser: Parser = NO_PARSER,
    table: Table = ACTIONS,
    limits: ReaderLimits = READER_LIMITS,
    store: FileBlobs | None = None,
) -> StepCheck:
    """Check a proof by itself. `root` is that of a trace that the caller knows, `store` has contents that are larger.

    Raises:
        ProofBrokenError: the file was altered, or is not what a prover makes.
        RootMismatchError: it is of another trace than the one with this root.
        TraceBrokenError: a line of a record or a call in it is not canonical.
        OverLimitError, UnknownFormatError.
    """
    if root is not None and proof.root != root:
        raise RootMismatchError(root, proof.root)
    chained = check_lines(proof)
    execution = Execution(proof, chained, store or FileBlobs(), parser, table, limits)
    try:
        return _check_executed(proof, execution)
    except BlobMissingError as error:
        if error.digest not in proof.larger:
            raise ProofBrokenError("contents", f"the file lacks {error.digest[:12]}, or it was altered") from None
        largest = f"{LARGEST:,} bytes"
        reason = (
            f"it reads a content of more than {largest}, {error.digest[:12]}, of which the file has the digest only"
        )
        return execution.conclude(Verdict.UNVERIFIABLE, unverifiable=reason)


def check_lines(proof: StepProof) -> ChainedLines:
    """Raise unless genesis, record and last line are in the tree, and the lines before are those that it follows."""
    genesis = _record_at(proof.genesis, 0, proof, "the genesis")
    record = decode_record(proof.record.line.encode(), 0)
    _record_at(proof.record, record.seq, proof, "the record")
    _check_size(proof, record)
    if not isinstance(genesis, Genesis) or not is_current(genesis):
        raise ProofBrokenError("the genesis", "it is no genesis of the format that this version writes")
    for flag in genesis.flags:
        if flag not in FLAGS:
            raise UnknownFormatError("flag", max(FLAGS, default=0), flag)
    if not isinstance(record, Step | Turn):
        raise ProofBrokenError("the record", "it is neither a step nor a turn")
    return ChainedLines(genesis, record, _state_before(proof, record), _additions(proof, record))


def _record_at(proved: Leaf, place: int, proof: StepProof, what: str) -> AnyRecord:
    line = proved.line.encode()
    if head_by_path(line, place, proof.size, proved.path) != proof.root:
        raise ProofBrokenError(what, f"its inclusion proof does not lead to the root {proof.root[:12]}")
    record = decode_record(line, place)
    if record.seq != place:
        raise ProofBrokenError(what, f"it says that it is record {record.seq}, and it is record {place}")
    return record


def _check_size(proof: StepProof, record: AnyRecord) -> None:
    """Raise unless the last line is there: it alone shows how many there are."""
    is_last = record.seq == proof.size - 1
    if is_last is not (proof.last is None):
        raise ProofBrokenError("the last line", "it is in the file if, and only if, the record is another one")
    if proof.last is not None:
        _record_at(proof.last, proof.size - 1, proof, "the last line")


def _additions(proof: StepProof, record: AnyRecord) -> tuple[Addition, ...]:
    """What was added before the record, each line in its place. That these are all, the file cannot show."""
    places = [decode_record(each.line.encode(), 0).seq for each in proof.additions]
    if places != sorted(set(places)) or any(not 0 < place < record.seq for place in places):
        raise ProofBrokenError("additions", "they have to stand before the record, in their order")
    added: list[Addition] = []
    for proved, place in zip(proof.additions, places, strict=True):
        addition = _record_at(proved, place, proof, "an addition")
        if not isinstance(addition, Addition):
            raise ProofBrokenError("additions", f"record {place} is none")
        added.append(addition)
    return tuple(added)


def _state_before(proof: StepProof, record: AnyRecord) -> str:
    """The digest of the state before the record. Redactions change no state, and may stand between."""
    lines = [line.encode() for line in proof.before]
    records = [decode_record(line, position) for position, line in enumerate(lines)]
    for line, following in zip(lines, [*records[1:], record], strict=True):
        if leaf(line).hex() != following.prev:
            raise ProofBrokenError("the lines before", "one is not the line that the next one names")
    states = [state for each in records if (state := getattr(each, "state", None)) is not None]
    if len(states) != 1 or not hasattr(records[0], "state"):
        raise ProofBrokenError("the lines before", "the first of them has to say the state, and no other")
    return str(states[0])


def _check_executed(proof: StepProof, execution: Execution) -> StepCheck:
    """The check of a step that can be executed. Raises `BlobMissingError`, `ProofBrokenError`."""
    difference = execution.difference()
    if difference is not None:
        return execution.judge(difference)
    execution.refuse_needless()
    outage = recorded_outage(execution.record) if isinstance(execution.record, Step) else None
    if outage is not None and not outage.is_unshown:
        reason = f"by the record the machine failed there ({outage.code}), so nobody can execute it again"
        return execution.conclude(Verdict.UNVERIFIABLE, unverifiable=reason)
    if execution.genesis.rendering != RENDERING:
        reason = f"another version worded its observation ({execution.genesis.rendering}); all else is as computed"
        return execution.conclude(Verdict.UNVERIFIABLE, unverifiable=reason)
    return execution.conclude(Verdict.REPRODUCED)
