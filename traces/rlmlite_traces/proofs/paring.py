"""Paring a proof: circumstances that the record does not need are left out, of amounts the least is given.

    room 9,999, is_brief, place 3      every step has these
    room 412                           of this one the observation was cut; the rest is the same without

Each part is left out by itself and the step executed again. So no part stays that nobody would miss, and whoever alters
one that stays is found (`check`).
"""

import msgspec

from rlmlite_kernel.run.snapshots.alone import Circumstances
from rlmlite_traces.proofs.circumstances import amounts, lesser, with_amount
from rlmlite_traces.proofs.execution import Execution
from rlmlite_traces.proofs.form import StepProof


def pare(proof: StepProof, execution: Execution) -> StepProof:
    """The proof without circumstances that change nothing. One at a time, since two may stand for each other."""
    # What is not needed at all goes first: it takes a try each, and the least of an amount takes thirty.
    pared = _drop_needless(proof.found, execution)
    for name in amounts(pared):
        pared = _with_least(pared, name, execution)
    pared = _drop_needless(pared, execution)
    known = dict(proof.known)
    for key in proof.known:
        others = {other: known[other] for other in known if other != key}
        known = others if execution.is_same_with(pared, others) else known
    return msgspec.structs.replace(proof, found=pared, known=known)


def _drop_needless(found: Circumstances, execution: Execution) -> Circumstances:
    """The circumstances without each part that changes nothing."""
    less: Circumstances | None = found
    while less is not None:
        found = less
        parts = (each for name, each in lesser(found, execution.call) if name not in amounts(each))
        less = next((each for each in parts if execution.is_same_with(each)), None)
    return found


def _with_least(found: Circumstances, name: str, execution: Execution) -> Circumstances:
    """The circumstances with the least of an amount that does. More of it does as well, so halving finds the least."""
    amount = amounts(found)[name]
    sign = 1 if amount >= 0 else -1
    low, high = 0, abs(amount)
    while low < high:
        middle = (low + high) // 2
        if execution.is_same_with(with_amount(found, name, sign * middle)):
            high = middle
        else:
            low = middle + 1
    return with_amount(found, name, sign * high)
