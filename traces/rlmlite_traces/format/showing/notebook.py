"""How outcomes, sessions and traces show themselves: one line as a `repr`, one small table in a notebook.

    line(...)    Outcome(partial, budget, answer='3 hosts were unreac…', evidence=3, trace='a.rlm')
    table(...)   <table>: status, answer, evidence, coverage, cost, root, and the command that opens the trace

Whatever was read or answered may be hostile, and a notebook is a page with the rights of its user. So each text passes
through `_text`, and nothing else is put into a page: no script, no link, no address that a browser would fetch.
Not here: the viewer, which shows a whole trace.
"""

import html
import reprlib
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rlmlite_traces.format.showing.neutral import neutral

_LINE = 200
"""The most characters of a `repr`."""

_PART, _ANSWER, _QUOTE, _PIECES = 60, 500, 160, 5
"""The most characters of one part of a `repr`, of an answer in a table, of a piece of evidence, and how many pieces."""

_COVERAGE = ("shown", "read", "scanned")
_NANO = 1_000_000_000


class Piece(Protocol):
    """A piece of evidence, of an outcome or of a story."""

    @property
    def how(self) -> str:
        """How it was found."""
        ...

    @property
    def text(self) -> str:
        """Its text, or the beginning of it."""
        ...

    @property
    def input(self) -> str:
        """The input that it lies in."""
        ...

    @property
    def path(self) -> str:
        """The file in the input, if it has files."""
        ...

    @property
    def line(self) -> int:
        """Its line, from 1; 0 if there is none."""
        ...


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a run. What is `None` or empty is left out; `answer` is a value, not its text."""

    kind: str
    status: str
    reason: str = ""
    answer: Any = None
    counts: Mapping[str, int] = {}
    evidence: tuple[Piece, ...] | None = None
    evidence_total: int = 0
    coverage: Mapping[str, Mapping[str, int]] = {}
    usage: Mapping[str, int | None] = {}
    root: str | None = None
    trace: Path | None = None


class _Beginning(reprlib.Repr):
    """The beginning of a value as Python writes it. The whole may be millions of rows."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.maxother, self.maxlong, self.maxdict, self.maxlist = most, most, most, 8, 8

    def repr_str(self, x: str, level: int) -> str:
        return repr(x if len(x) <= self.most else x[: self.most] + "…")

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write longer ones.
        return f"<int of {x.bit_length()} bits>" if x.bit_length() > 4 * self.most else repr(x)


def beginning(value: Any, most: int = _PART) -> str:
    """The beginning of a value, on one line."""
    return _cut(neutral(_Beginning(most).repr(value)), most)


def line(facts: Facts) -> str:
    """The `repr`: one line."""
    parts = [facts.status, *filter(None, [facts.reason])]
    if facts.answer is not None:
        parts.append(f"answer={beginning(facts.answer)}")
    parts += [f"{name}={count}" for name, count in facts.counts.items()]
    if facts.trace is not None:
        parts.append(f"trace={beginning(str(facts.trace))}")
    elif facts.root is not None:
        parts.append(f"root={facts.root[:12]}…")
    return _cut(neutral(f"{facts.kind}({', '.join(parts)})"), _LINE)


def table(facts: Facts) -> str:
    """The same with evidence, coverage, cost and root, as a table for a page."""
    cells = "".join(
        f'<tr><th style="text-align:left;vertical-align:top">{_text(name)}</th>'
        f'<td style="text-align:left;white-space:pre-wrap">{_text(text)}</td></tr>'
        for name, text in _rows(facts)
    )
    # The classes keep MathJax away, which notebooks let loose on every output: `$\href{...}{...}$` is a link there.
    return f'<table class="tex2jax_ignore mathjax_ignore"><caption>{_text(facts.kind)}</caption>{cells}</table>'


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "status", ", ".join(filter(None, (facts.status, facts.reason)))
    yield "answer", _answer(facts.answer)
    yield from ((name, f"{count:,}") for name, count in facts.counts.items() if name != "evidence")
    if facts.evidence is not None:
        yield "evidence", "\n".join(_evidence(facts.evidence, facts.evidence_total))
    for name, amounts in facts.coverage.items():
        parts = (f"{amounts[each]:,} {each}" for each in _COVERAGE if each in amounts)
        yield f"coverage of {_cut(name, _PART)}", f"{', '.join(parts)} of {amounts['bytes']:,} bytes"
    if facts.usage:
        yield "cost", _cost(facts.usage)
    if facts.root is not None:
        yield "root", facts.root
    if facts.trace is not None:
        yield "trace", str(facts.trace)
        yield "open it", f"rlmlite trace view {_word(facts.trace)}"


def _answer(value: Any) -> str:
    if value is None:
        return "none"
    return _cut(value, _ANSWER) if isinstance(value, str) else beginning(value, _ANSWER)


def _evidence(pieces: Iterable[Piece], total: int) -> Iterator[str]:
    first = tuple(pieces)[:_PIECES]
    for piece in first:
        place = ":".join(filter(None, (piece.input, piece.path, str(piece.line or ""))))
        yield f"{_cut(place, _PART)} {piece.how}: {_cut(piece.text, _QUOTE)}"
    if total != len(first):
        yield f"{total - len(first):,} more"
    elif not total:
        yield "none"


def _cost(usage: Mapping[str, int | None]) -> str:
    cost = usage.get("cost_nano")
    calls = usage.get("calls") or 0
    said = "unknown" if cost is None else f"${cost / _NANO:,.6f}"
    return f"{said if calls else 'nothing'} for {calls:,} calls"


def _word(path: Path) -> str:
    """A path as one word of a shell that is no option."""
    word = str(path)
    return shlex.quote(f"./{word}" if word.startswith("-") else word)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(text: str) -> str:
    """A text for a page: nothing in it is markup, and no character of it can turn the page's direction."""
    return "\n".join(html.escape(neutral(each)) for each in text.split("\n"))
