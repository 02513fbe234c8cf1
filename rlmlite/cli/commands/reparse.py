"""Reading the programs of a trace again: does the text still give the program that was executed?

Replay executes what was recorded as a program and needs no parser; that the text says the same is checked here.
"""

import msgspec

from rlmlite_grammar import grammar_digest, parse, read_reply
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed
from rlmlite_kernel.program.recorded import said_in
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import CheckedTrace

_JSON = msgspec.json.Encoder(order="sorted")


class Reparsed(msgspec.Struct, frozen=True):
    """How many texts were read again; the first turn whose text is another program, or why none was read."""

    texts: int = 0
    differs: int | None = None
    skipped: str = ""


def reparse(trace: CheckedTrace) -> Reparsed:
    """Read every text again, if the grammar is the trace's."""
    if trace.genesis.grammar != grammar_digest():
        return Reparsed(skipped="another grammar read them")
    texts = 0
    for record in trace.records:
        if isinstance(record, Turn):
            recorded = said_in(record, trace.content)
            if recorded is None:
                continue
            texts += 1
            if not _same(_read(trace, record, recorded.text), recorded):
                return Reparsed(texts, record.turn)
    return Reparsed(texts)


def _read(trace: CheckedTrace, turn: Turn, text: str) -> Parsed | Unparsed:
    """What the text of a host, or the whole reply of a controller, says."""
    if turn.reply is not None:
        return read_reply(trace.content(turn.reply).decode("utf-8", "replace"))
    return parse(text)


def _same(read: Parsed | Unparsed, recorded: Parsed | Unparsed) -> bool:
    """Whether a turn's text gives what was executed. A text with diagnostics may parse: the checker refused it.

    Of diagnostics the places and codes are compared, not the sentences, which another version may word otherwise.
    """
    if isinstance(recorded, Parsed):
        # Not `==`: to Python, 1 == True == 1.0, and those are different programs.
        return isinstance(read, Parsed) and _JSON.encode(read) == _JSON.encode(recorded)
    if isinstance(read, Parsed):
        return True
    return [(p.code, p.offset) for p in read.problems] == [(p.code, p.offset) for p in recorded.problems]
