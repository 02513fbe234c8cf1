"""Why an answer is held back: the one table of reasons.

An answer is taken only when somebody has seen it, or nothing speaks against it. What may speak against it is listed
here, each with a code, the sentence that is told, and whether it holds for the program of a controller alone: a host's
program has no next turn, and its author is not a model that guesses.

    hits = search(logs, /a guess/)         finds nothing
    final(count(hits))                     held back: `rests_on_no_hits`
    final(count(hits))                     in the next turn: taken

Not here: when a reason holds (`run.holding`), or what becomes of the answer then.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

HELD: Final = "held"
"""The status of the step of a `final` whose answer was held back."""

NULL_ANSWER: Final = "null_answer"
EVIDENCE_EMPTY: Final = "evidence_empty"
EVIDENCE_NOT_FOUND: Final = "evidence_not_found"
RESTS_ON_NO_HITS: Final = "rests_on_no_hits"
RESTS_ON_FAILED_CALLS: Final = "rests_on_failed_calls"
RESTS_ON_WARNING: Final = "rests_on_warning"
SEVERAL_FENCES: Final = "several_fences"
RESULT_WRITTEN: Final = "result_written"
QUOTE_UNSHOWN: Final = "quote_unshown"
LITERALS_UNSHOWN: Final = "literals_unshown"
NO_EVIDENCE: Final = "no_evidence"
NOT_ACCEPTED: Final = "not_accepted"


class HoldReason(NamedTuple):
    """One reason: what is told of it, and whether it holds only for the program of a controller."""

    message: str
    controllers_only: bool = False


REASONS: Final[Mapping[str, HoldReason]] = {
    SEVERAL_FENCES: HoldReason(
        "the reply has more than one fence, so part of it was written before any result was there", True
    ),
    RESULT_WRITTEN: HoldReason("the reply has a result that you wrote yourself; only observations are results", True),
    NULL_ANSWER: HoldReason("the answer is null, and was not written as `null`"),
    EVIDENCE_EMPTY: HoldReason("the evidence that the answer names has no rows"),
    EVIDENCE_NOT_FOUND: HoldReason("the answer names evidence that was not found in any input"),
    RESTS_ON_NO_HITS: HoldReason("the answer rests on a search that found nothing"),
    RESTS_ON_FAILED_CALLS: HoldReason("the answer rests on calls that failed"),
    RESTS_ON_WARNING: HoldReason("the answer rests on a step that warned"),
    QUOTE_UNSHOWN: HoldReason("the answer has text that this turn made, and that no observation has shown yet", True),
    LITERALS_UNSHOWN: HoldReason("the answer is made of literals that no observation has shown", True),
    NO_EVIDENCE: HoldReason("the answer has no verbatim evidence, which this run requires"),
    NOT_ACCEPTED: HoldReason("the host did not accept the answer", True),
}
"""Every reason by its code, in the order in which they are told; an outcome names the first that holds."""
