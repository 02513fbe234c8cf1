"""Parsing the programs of a trace again: does the text still give the program that was executed?

Replay executes programs as they were recorded after parsing, and needs no parser. A trace whose texts had been altered
together with their hashes would pass it, and show people a program that was never run. That is checked here.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TypeAlias

import msgspec

from rlmlite_grammar import grammar_digest, parse, read_reply, reread
from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Addition, Question, Step, Turn
from rlmlite_traces import CheckedTrace

Reading: TypeAlias = Parsed | Unparsed
"""What was read from a text: a program, or why it is none."""

_JSON = msgspec.json.Encoder(order="sorted")


class ReparseResult(msgspec.Struct, frozen=True):
    """How many texts were parsed again; the first turn whose text is another program; or why none was parsed."""

    texts: int = 0
    differs: int | None = None
    skipped: str = ""


def reparse(trace: CheckedTrace, readings: Mapping[int, Reading] = {}) -> ReparseResult:
    """Parse every text again. Another grammar may rightly read a text differently, so then none is parsed.

    `readings` are those of texts that were parsed again already, by the numbers of their turns.
    """
    if trace.genesis.grammar != grammar_digest():
        return ReparseResult(skipped="another grammar parsed them")
    texts = 0
    for turn, names in _turns(trace):
        if {turn.reply, turn.program, turn.ast, turn.diagnostics} & trace.redacted.keys():
            continue  # the replay says that it is gone
        recorded = decode_reading(turn, trace.content)
        if recorded is None:
            continue  # its controller did not answer, so there was no text
        texts += 1
        read = readings.get(turn.turn) or _reread(read_again(trace, turn, recorded.text), names)
        # A text with diagnostics may parse: the checker refused it.
        is_refused = isinstance(recorded, Unparsed) and isinstance(read, Parsed)
        if not is_refused and not is_same(read, recorded):
            return ReparseResult(texts, turn.turn)
    return ReparseResult(texts)


def _turns(trace: CheckedTrace) -> Iterator[tuple[Turn, Set[str]]]:
    """Every turn, with the variables that there were before it, as far as records tell: one that a program has
    forgotten counts as well.
    """
    names = {entry.name for entry in trace.genesis.inputs}
    for record in trace.records:
        if isinstance(record, Turn):
            if record.earlier is not None:
                names.add(record.earlier.name)
            yield record, frozenset(names)
        elif isinstance(record, Step):
            names.update(written.name for written in record.writes)
        elif isinstance(record, Question):
            names.add(record.writes.name)
            if record.earlier is not None:
                names.add(record.earlier.name)
        elif isinstance(record, Addition):
            names.update(entry.name for entry in record.inputs)


def _reread(read: Reading, names: Set[str]) -> Reading:
    """The reading with habits read as what they mean, where no state is at hand."""
    return reread(read, ACTIONS, names) if isinstance(read, Parsed) else read


def read_again(trace: CheckedTrace, turn: Turn, text: str) -> Reading:
    """The program of a host's text, or of the whole reply of a controller."""
    if turn.reply is not None:
        return read_reply(trace.content(turn.reply).decode("utf-8", "replace"))
    return parse(text)


def is_same(read: Reading, recorded: Reading) -> bool:
    """Whether two readings are one program, or have the same problems."""
    if isinstance(recorded, Parsed) and isinstance(read, Parsed):
        # Not `==`: to Python, 1 == True == 1.0, and those are different programs.
        return _JSON.encode(read) == _JSON.encode(recorded)
    if isinstance(recorded, Unparsed) and isinstance(read, Unparsed):
        return has_same_problems(read.problems, recorded)
    return False


def has_same_problems(problems: Sequence[Problem], recorded: Unparsed) -> bool:
    """Whether problems have the recorded places and codes. Their sentences may be worded otherwise by now."""
    now = [(problem.code, problem.offset) for problem in problems]
    return now == [(problem.code, problem.offset) for problem in recorded.problems]
