"""The rules of a trace, in the order in which they are checked, each with the code that its breach is reported under.

`TraceBrokenError.check` is one of these codes. The page `docs/reference/checks.md` is generated from the table, and a
test compares it with the source: every rule that is checked is listed, and for every rule listed there is a trace that
breaks it.
"""

from collections.abc import Mapping
from typing import Final

CHECKS: Final[Mapping[str, str]] = {
    "newline": "every line ends in a newline, the last one too",
    "length": "no line is longer than 64 MiB",
    "decode": "a line is JSON of a known shape, with known fields only",
    "profile": "whole numbers are within 2^53 - 1, keys are ASCII, text is valid Unicode",
    "canonical": "a line is the one spelling of what it says: sorted keys, no blanks, no defaults spelled out",
    "format": "every line is of the format that the first one names (format 1)",
    "seq": "a record's `seq` is its place",
    "prev": "a record holds the leaf hash of the line before it",
    "genesis": "the first record is a genesis, and no other is",
    "flags": "the flags of the genesis ascend, each once",
    "after-seal": "nothing follows a seal",
    "state": "a record begins in the state that the one before it left",
    "turn-number": "turns are numbered from 1, and a step is of the turn before it",
    "step-number": "steps are numbered from 1 through the whole run",
    "status": "a step is `ok`, `failed` or `skipped`",
    "code": "a step has a code if, and only if, it is not ok",
    "step-count": "a seal counts the steps",
    "outcome": "a seal says `completed`, `partial`, `refused` or `failed`",
    "call-result": "a controller's call has a reply or one of the known errors, not both",
    "call-sampling": "of how a controller was asked a call says only the form of its program, and what was not sent",
    "usage": "what a call used is not below zero",
    "seal-result": "a seal has a result if the last turn ended with `final`, and none if it ended otherwise",
    "seal-reason": (
        "an outcome that is not `completed` has a reason, one that is has none but `no_answer`; what failed has no "
        "result, and only what was no program was `refused`"
    ),
    "redact": "what a redaction names is named by a record too, and is not there",
    "redactions": (
        "what is redacted after the seal names contents in ascending order, each once and each by a ref, and why; an "
        "open trace has no such redactions"
    ),
    "salt": "a blob's salt is 16 bytes",
    "one-content": "a blob has its content in exactly one way",
    "ref": "a blob in a file of its own names its ref, and no other does (in format 1 all do)",
    "size": "content of more than 64 KiB is a file of its own, and no other is",
    "spelling": "content that is UTF-8 is written as text",
    "twice": "each content is kept once",
    "order": "blobs stand in the order in which records first name them (not in format 1)",
    "effects-missing": "every call that a step counts has its line",
    "effects-stray": "every line of a call belongs to a step",
    "effects-step": "only steps have calls",
    "effects-count": "a step without calls has no lines of calls; counts of ok and failed add up",
    "effects-head": "each round begins with a head that says all that its calls share, and counts them",
    "effects-round": "rounds ascend, and the step says how many there are",
    "effects-spans": "a call has a span for each marked place of its head's recipe",
    "effects-place": "calls stand in their step, by ascending index, from the first of their round on",
    "effects-result": "a call has a result or one of the known errors, not both",
    "effects-sampling": "of how a model was asked a call says only the `form`, by its name, and what was not sent",
    "effects-same": "a call that took the result of another one names it by its id, and used nothing",
    "effects-kind": "a call is of a known kind; only models are cached, only nested runs have a child, only these cost",
    "effects-root": "the step commits to the lines of its calls",
    "effects-id": "no two calls of a step have one id",
}
"""The rule, by its code."""
