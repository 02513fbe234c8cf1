"""Reading the programs of a trace again: does the text still give the program that was executed?

Replay executes what was recorded as a program and needs no parser; that the text says the same is checked here.
"""

import msgspec

from rlmlite_grammar import grammar_digest, parse, read_reply
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed
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
        if isinstance(record, Turn) and record.program is not None:
            texts += 1
            if not _same(trace, record):
                return Reparsed(texts, record.turn)
    return Reparsed(texts)


def _read(trace: CheckedTrace, turn: Turn) -> Parsed | Unparsed:
    """What the text of a host, or the whole reply of a controller, says."""
    if turn.reply is not None:
        return read_reply(trace.content(turn.reply).decode("utf-8", "replace"))
    assert turn.program is not None
    return parse(trace.content(turn.program).decode("utf-8", "replace"))


def _same(trace: CheckedTrace, turn: Turn) -> bool:
    """Whether a turn's text gives what was executed. A text with diagnostics may parse: the checker refused it."""
    said = _read(trace, turn)
    read = _JSON.encode(msgspec.structs.replace(said, text=""))  # as the kernel keeps it, beside the text
    if turn.ast is not None:
        return read == trace.content(turn.ast)
    assert turn.diagnostics is not None
    return isinstance(said, Parsed) or read == trace.content(turn.diagnostics)
