"""Parsing the programs of a trace again: does the text still give the program that was executed?

Replay executes programs as they were recorded after parsing, and needs no parser. A trace whose texts had been altered
together with their hashes would pass it, and show people a program that was never run. That is checked here.
"""

import msgspec

from rlmlite_grammar import grammar_digest, parse, read_reply
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Turn
from rlmlite_traces import CheckedTrace

_JSON = msgspec.json.Encoder(order="sorted")


class ReparseResult(msgspec.Struct, frozen=True):
    """How many texts were parsed again; the first turn whose text is another program; or why none was parsed."""

    texts: int = 0
    differs: int | None = None
    skipped: str = ""


def reparse(trace: CheckedTrace) -> ReparseResult:
    """Parse every text again. Another grammar may rightly read a text differently, so then none is parsed."""
    if trace.genesis.grammar != grammar_digest():
        return ReparseResult(skipped="another grammar parsed them")
    texts = 0
    turns = [record for record in trace.records if isinstance(record, Turn)]
    for turn in turns:
        recorded = decode_reading(turn, trace.content)
        if recorded is None:
            continue  # its controller did not answer, so there was no text
        texts += 1
        read_again = _read(trace, turn, recorded.text)
        if not _is_same(read_again, recorded):
            return ReparseResult(texts, turn.turn)
    return ReparseResult(texts)


def _read(trace: CheckedTrace, turn: Turn, text: str) -> Parsed | Unparsed:
    """The program of a host's text, or of the whole reply of a controller."""
    if turn.reply is not None:
        return read_reply(trace.content(turn.reply).decode("utf-8", "replace"))
    return parse(text)


def _is_same(read: Parsed | Unparsed, recorded: Parsed | Unparsed) -> bool:
    """Whether a turn's text gives what was executed. A text with diagnostics may parse: the checker refused it.

    Of diagnostics the places and codes are compared, not the sentences, which another version may word otherwise.
    """
    if isinstance(recorded, Parsed):
        # Not `==`: to Python, 1 == True == 1.0, and those are different programs.
        return isinstance(read, Parsed) and _JSON.encode(read) == _JSON.encode(recorded)
    if isinstance(read, Parsed):
        return True
    problems_now = [(problem.code, problem.offset) for problem in read.problems]
    problems_then = [(problem.code, problem.offset) for problem in recorded.problems]
    return problems_now == problems_then
