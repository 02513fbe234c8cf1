"""One run for each reason to hold an answer back: a controller that answers blind, and insists.

The kept traces of the reasons are made of these (`write_golden`), and so are the tests of what they come to.
"""

from pathlib import Path
from typing import Any

import msgspec

import rlmlite
from rlmlite import Outcome, Scripted
from rlmlite_kernel.records import reasons
from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces.format.reader import CheckedTrace

LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n * 37 % 101} in bay {n % 7}\n" for n in range(60))

COUNT = 'final(count(search(context, "ERROR")))'


class Blind(msgspec.Struct, frozen=True):
    """What a controller replies at first, and what it insists on."""

    reply: str
    again: str
    sub: tuple[str, ...] = ()
    settings: dict[str, Any] = {}


def _program(text: str, **more: Any) -> Blind:
    return Blind(text, text.split("\n")[-1], **more)


def accept_none(_answer: object) -> str:
    """A host that is never content."""
    return "count the bays as well"


BLIND = {
    reasons.SEVERAL_FENCES: Blind(f"```\nshow(context[0:9])\n```\nNow I answer.\n```\n{COUNT}\n```", COUNT),
    reasons.RESULT_WRITTEN: Blind(f"Result: 6\n\n```\n{COUNT}\n```", COUNT),
    reasons.NULL_ANSWER: _program('x = json_parse("{}")\ny = [x.a]\nfinal(y[0])'),
    reasons.EVIDENCE_EMPTY: _program(
        'h = where(context.lines, .text == "no such line")\nfinal(count(context.lines), evidence=h)'
    ),
    reasons.EVIDENCE_NOT_FOUND: _program('final(count(context.lines), evidence="no such line")'),
    reasons.RESTS_ON_NO_HITS: _program('h = search(context, "FATAL")\nn = count(h)\nfinal(n)'),
    reasons.RESTS_ON_FAILED_CALLS: _program(
        'a = extract_over_chunks(chunk(context, size=30, by="lines"), "{chunk}?")\nfinal(count(a))', sub=("fine",)
    ),
    reasons.RESTS_ON_WARNING: _program("n = map(context.lines, int(.text))\nfinal(sum(n))"),
    reasons.QUOTE_UNSHOWN: _program('h = search(context, "ERROR")\nfinal(h[-1].text)'),
    reasons.LITERALS_UNSHOWN: _program('final("disk: 999")'),
    reasons.NO_EVIDENCE: _program("final(1 + 1 + 0)", settings={"require_evidence": True}),
    reasons.NOT_ACCEPTED: Blind(COUNT, "final(count(context.lines))", settings={"accept": accept_none}),
}
"""By the code of the reason."""


def ask_blind(blind: Blind, *, insists: bool = True, **settings: Any) -> Outcome:
    """The question, put to this controller."""
    replies = [blind.reply, blind.again] if insists else [blind.reply]
    given = {"controller": Scripted(replies), "sub": Scripted(blind.sub), "trace": False, **blind.settings, **settings}
    return rlmlite.run("How many disks failed?", LOG, **given)


def write_held(place: Path, code: str, run_key: str) -> None:
    """The run of one reason, as a trace."""
    ask_blind(BLIND[code], trace=place, run_key=run_key)


def held_codes(trace: CheckedTrace) -> set[str]:
    """The codes of all that was said against answers in a trace."""
    codes: set[str] = set()
    for record in trace.records:
        if isinstance(record, Turn | Step):
            codes.update(remark.code for remark in record.warnings)
        if isinstance(record, Turn) and record.held_back is not None:
            codes.add(record.held_back.code)
    return codes
