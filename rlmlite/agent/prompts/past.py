"""The history in a prompt: it grows at its end, and what stands there already keeps its bytes.

A provider's cache keeps the beginning of a prompt for as long as it is the same. So an old turn is not shortened a
little at each turn: when the history has grown to its limit, the older half of it is shortened at once, each turn to a
line, and stays so. With a limit of 20 kB and turns of 5 kB:

    turns 1 to 4      in full                                       20 kB: only added to
    turn 5            1 to 3 become a line each, 4 and 5 in full    the one prompt that begins anew
    turns 6 and 7     in full                                       only added to

In the same way the oldest lines are left out, many at once, when the lines have grown to half of the limit. All of this
follows from the turns alone, so a session that is opened again has the same bytes. The newest turn is always there, cut
if it must be. Questions, and what the host has added, are told byte for byte, however old they are.
"""

import re
from collections.abc import Mapping, Sequence

from rlmlite.runs.history import AdditionSummary, Exchange
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.values.fences import fenced

HISTORY_BYTES = 20_000
"""Bytes to which the history grows before older turns are shortened, if the ceiling of the prompt permits so much."""

_STEP = 4_096  # the limit is a multiple of it, so that what else is in a prompt hardly ever changes it
_PROGRAM_BYTES = 3_000  # of a program that is shown in full
_LINE = 300  # bytes of an old turn's line
_CUT = 60  # bytes that closing a fence and stating the cut take
_LEFT_OUT = 60  # bytes of the line that says which turns are left out
_OPENING = re.compile(r"<data (?P<tag>[0-9a-f]{8}) from=(?P<source>[^\n]*)>\n")
_BACKTICKS = re.compile("`+")


def past(exchanges: Sequence[Exchange], remarks: Mapping[int, str], room: int) -> list[str]:
    """The turns and questions, oldest first, in at most `room` bytes if the newest fits there as a line."""
    if not exchanges:
        return []
    limit = max(_STEP, min(HISTORY_BYTES, room // _STEP * _STEP))
    left_out, shortened = _cuts([_sizes(exchange, remarks) for exchange in exchanges], limit)
    lines = [_line(exchange) for exchange in exchanges[left_out:shortened]]
    whole = [_whole(exchange, remarks.get(exchange.turn, "")) for exchange in exchanges[shortened:]]
    shown = [*lines, *whole]
    left_out, shown = _fitted(shown, left_out, room)
    hidden = max((exchange.turn for exchange in exchanges[:left_out]), default=0)
    # A question has no turn of its own (its number is 0): where only questions are left out, nothing is said.
    return [f"[turns 1 to {hidden} are left out here]", *shown] if hidden else shown


def _cuts(sizes: Sequence[tuple[int, int]], limit: int) -> tuple[int, int]:
    """How many of the oldest turns are left out, and how many are shortened or left out, after the last one.

    `sizes` are those of each turn in full and of its line.
    One turn after the other, as they came: so what was decided at one turn still holds at the next.
    """
    left_out = shortened = 0
    of_lines = of_whole = 0
    for number, (whole, _) in enumerate(sizes):
        of_whole += whole
        if of_lines + of_whole <= limit:
            continue
        while shortened < number and of_lines + of_whole > limit // 2:
            of_whole -= sizes[shortened][0]
            of_lines += sizes[shortened][1]
            shortened += 1
        if of_lines > limit // 2:
            while left_out < shortened and of_lines > limit // 4:
                of_lines -= sizes[left_out][1]
                left_out += 1
    return left_out, shortened


def _fitted(shown: list[str], left_out: int, room: int) -> tuple[int, list[str]]:
    """What fits the room in any case: of the oldest less, and of the newest only the beginning."""
    room -= _LEFT_OUT
    sizes = [_size(text) for text in shown]
    first = 0
    while first < len(shown) - 1 and sum(sizes[first:]) > room:
        first += 1
    shown = shown[first:]
    if sum(sizes[first:]) > room:
        shown[0] = cut_turn(shown[0], max(_LINE, room))
    return left_out + first, shown


def _size(text: str) -> int:
    return len(text.encode()) + len("\n\n")


def _sizes(exchange: Exchange, remarks: Mapping[int, str]) -> tuple[int, int]:
    """The size of a turn in full, and that of its line. Few of a thousand turns are shown, and each keeps its sizes."""
    kept = exchange.__dict__
    if "sizes" not in kept:
        kept["sizes"] = _size(_whole(exchange, "")), _size(_line(exchange))
    whole, line = kept["sizes"]
    remark = remarks.get(exchange.turn, "") if remarks and exchange.is_turn else ""
    return whole + (len(f"\n! {remark}".encode()) if remark else 0), line


def cut_turn(text: str, room: int) -> str:
    """The beginning of a turn, with the cut stated.

    The cut may fall into fenced data. An open fence would make all that follows data, and the rest of the prompt with
    it; so what is left of the data is fenced anew.
    """
    size = len(text.encode())
    if size <= room:
        return text
    fitted, _ = fit_text(text, max(0, room - _CUT))
    beginning, _, _ = fitted.rpartition("\n")  # without the note of `fit_text`; ours is below

    # Fence after fence: only the last one can be open, and data that looks like a fence is skipped with its own.
    at = 0
    while (opening := _OPENING.search(beginning, at)) is not None:
        closing = f"\n</data {opening['tag']}>"
        # One byte back, so that the newline of the opening line may be the one before the closing line: empty data.
        end = beginning.find(closing, opening.end() - 1)
        is_open = end < 0
        if is_open:
            data = beginning[opening.end() :].encode()
            refenced = fenced(data, opening["source"]).decode()
            beginning = beginning[: opening.start()] + refenced
            break
        at = end + len(closing)
    return f"{beginning}\n[{size:,} bytes, cut here]"


def _whole(exchange: Exchange, remark: str) -> str:
    """A turn in full: the program, what was observed, and a remark about its answer.

    The fence around a program is longer than any run of backticks in it, so that a program cannot end its own fence.
    """
    if exchange.question is not None:
        return _question(exchange.question)
    if exchange.addition is not None:
        return _addition(exchange.addition)
    program, _ = fit_text(exchange.program.strip(), _PROGRAM_BYTES)
    # Three is the least that Markdown takes as a fence.
    fence_length = max(3, 1 + _longest_run(program))
    ticks = "`" * fence_length
    heading = f"## Turn {exchange.turn}{_by(exchange)}"
    parts = [heading, ticks, program, ticks]
    if exchange.observation:
        parts.append(exchange.observation)
    if remark:
        parts.append(f"! {remark}")
    return "\n".join(parts)


def _question(question: str) -> str:
    return f"## Question\n{question}"


def _addition(addition: AdditionSummary) -> str:
    """What is new. What the inputs are like stands with the other inputs, and limits are those in force."""
    lines = [f"- input {name}, described under Inputs" for name in addition.inputs]
    lines += [f"- limit {name}: {_amount(amount)} in all" for name, amount in addition.limits.items()]
    return "\n".join(["## Added by the host", *lines])


def _amount(amount: int | None) -> str:
    return "none" if amount is None else f"{amount:,}"


def _by(exchange: Exchange) -> str:
    return "" if exchange.role else ", by the host"


def _line(exchange: Exchange) -> str:
    """What ran, and what came of it, on one line."""
    if exchange.question is not None:
        return _question(exchange.question)
    if exchange.addition is not None:
        return _addition(exchange.addition)
    if exchange.problems:
        first = exchange.problems[0]  # the others are often its consequences
        shown = f"refused: {first.message}"
    else:
        # The first line of what a step showed says how much there is; what follows are examples.
        texts = [step.text for step in exchange.steps if step.text]
        first_lines = [text.partition("\n")[0] for text in texts]
        shown = "; ".join(first_lines)
    return f"turn {exchange.turn}{_by(exchange)}: {_one_line(shown)}"


def _one_line(text: str) -> str:
    """The text on one line, cut if it is long. A cut never splits a character."""
    line = " ".join(text.split())
    raw = line.encode()
    if len(raw) <= _LINE:
        return line
    # `ignore` drops the bytes of a character that the cut went through: the text was valid, so nothing else is.
    beginning = raw[: _LINE - 5].decode("utf-8", "ignore")
    return f"{beginning} ..."


def _longest_run(text: str) -> int:
    """The length of the longest run of backticks."""
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
