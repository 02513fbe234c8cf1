"""Summaries: a folder of traces as a list, without checking any of them.

Thousands of traces are to be listed in a second, so of each only a little is read, and nothing is verified:

    trace.jsonl     the first lines and the last: run, question, outcome. If it is short, all of it: root and cost too
    blobs.jsonl     the beginning, where the question is
    effects.jsonl   what calls used, if it is short

What was not read is named in `unread`. A question is shown only if its record commits to it; all else is what the
lines say. `verify` proves the rest.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Ref
from rlmlite_kernel.records.refs import commit
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS, REMOVED, TextLine
from rlmlite_traces.reading.parts.passages import UNDECODABLE

SHORT: Final = 256 * 1024
"""Bytes of a file up to which all of it is read for a summary."""

_END: Final = 64 * 1024  # bytes that are read of either end of a longer one

OPEN: Final = "open"
"""The status of a trace without a seal."""

UNREADABLE: Final = "unreadable"
"""The status of a folder whose records are not what a writer writes."""

_DEPTH = 6  # levels of folders below the one that is listed; a trace is not looked into
_NOT_TRACES = frozenset({"store", "nested"})
_SUFFIX, _PACKED = ".rlm", ".rlmz"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in a list. `written` is when its records were last written (seconds since 1970).

    `cost` is in nano-dollars, as far as it is known; `is_cost_whole`: it is known of every call. `root` is empty and
    `cost` is `None` where not all lines were read. `program` is that of a run without a question.
    """

    path: Path
    written: float
    run: str = ""
    question: str = ""
    program: str = ""
    questions: int = 0
    status: str = OPEN
    reason: str = ""
    cost: int | None = None
    is_cost_whole: bool = False
    root: str = ""
    records: int | None = None
    unread: tuple[str, ...] = ()


def find_traces(places: Iterable[Path]) -> Iterator[Path]:
    """The folders below some places that hold a trace. No link is followed."""
    for place in places:
        yield from map(Path, _below(str(place), _DEPTH))


def _below(folder: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError:
        # It is gone, or not ours to read: there is nothing to list. Or it is a file, which may be a packed trace.
        if folder.endswith(_PACKED) and os.path.isfile(folder) and not os.path.islink(folder):
            yield folder
        return
    if any(entry.name == RECORDS for entry in entries):
        yield folder
        return
    for entry in entries:
        if entry.name in _NOT_TRACES or entry.name.endswith(REMOVED):
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name.endswith(_SUFFIX):
                yield entry.path
            elif depth > 0:
                yield from _below(entry.path, depth - 1)
        elif entry.name.endswith(_PACKED) and entry.is_file(follow_symlinks=False):
            yield entry.path


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Traces by when their records were last written. Those without records are left out."""
    times: list[tuple[float, str, Path]] = []
    for path in paths:
        try:
            written = _written(path)
        except OSError:
            continue
        times.append((-written, str(path), path))
    return [path for _, _, path in sorted(times)]


def _written(path: Path) -> float:
    """When a trace was last written. A packed one is a file, which has one time."""
    records = path if path.suffix == _PACKED else path / RECORDS
    return os.stat(records, follow_symlinks=False).st_mtime


def summarize(path: Path) -> Summary:
    """What the lines of a trace say, unchecked. Whatever is wrong with them is the status `unreadable`."""
    try:
        with Folder.open(path) as folder:
            return _Summarizer(path, folder).summary()
    except (OSError, *UNDECODABLE) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Summary(path=path, written=0, status=UNREADABLE, reason=reason or "")


_Usage: TypeAlias = tuple[int | None, int | None, int | None]


def run_of(path: Path) -> str:
    """The id of a trace's run, as its first line says; empty if it says none."""
    try:
        with Folder.open(path) as folder:
            line, _, _ = _read_range(folder, RECORDS, 0, _END).partition(b"\n")
            return _line.decode(line).run
    except (OSError, *UNDECODABLE):
        return ""


class _Spoken(msgspec.Struct, frozen=True):
    usage: _Usage = (None, None, None)


class _Effects(msgspec.Struct, frozen=True):
    n: int = 0


class _Line(msgspec.Struct, frozen=True):
    """The few fields of a record that a summary needs."""

    kind: str
    run: str = ""
    text: str = ""
    ast: str | None = None
    diagnostics: str | None = None
    program: str | None = None
    outcome: str = ""
    reason: str = ""
    call: _Spoken | None = None
    effects: _Effects | None = None


class _Head(msgspec.Struct, frozen=True):
    """The head of a round, or a call of format 1, which has a usage of its own."""

    effect: str = "lm"
    usage: _Usage | None = None


class _Call(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a call's line, up to its usage."""

    index: msgspec.Raw
    prompt_bytes: msgspec.Raw
    rendered: msgspec.Raw
    spans: msgspec.Raw
    result: msgspec.Raw
    usage: _Usage


_head = msgspec.json.Decoder(_Head)
_call = msgspec.json.Decoder(_Call)
_line = msgspec.json.Decoder(_Line)
_text_line = msgspec.json.Decoder(TextLine)


class _Summarizer:
    """Reads the summary of one trace."""

    def __init__(self, path: Path, folder: Folder) -> None:
        self._path, self._folder = path, folder
        self._unread: list[str] = []

    def summary(self) -> Summary:
        status = self._folder.status(RECORDS)
        is_short = status.st_size <= SHORT
        lines = self._folder.read(RECORDS).split(b"\n") if is_short else self._ends(status.st_size)
        # What follows the last newline is nothing, or a line that a killed process left unfinished.
        lines.pop()
        if not lines:
            return Summary(
                path=self._path, written=_written(self._path), status=UNREADABLE, reason="no record is whole"
            )
        records = [_line.decode(line) for line in lines]
        last = records[-1]
        asked = [record for record in records if record.kind == "question"]
        cost, is_whole = self._cost(records) if is_short else (None, False)
        if not is_short:
            self._unread += ["root", "cost"]
        question = self._text(asked[-1].text) if asked else ""
        program = "" if asked else self._program(records)
        return Summary(
            path=self._path,
            written=_written(self._path),
            run=records[0].run,
            question=question,
            program=program,
            questions=len(asked),
            status=last.outcome if last.kind == "seal" else OPEN,
            reason=last.reason,
            cost=cost,
            is_cost_whole=is_whole,
            root=root_of(lines) if is_short else "",
            records=len(lines) if is_short else None,
            unread=tuple(self._unread),
        )

    def _ends(self, size: int) -> list[bytes]:
        """The first whole lines of a long file, and the last."""
        head = _read_range(self._folder, RECORDS, 0, _END)
        tail = _read_range(self._folder, RECORDS, size - _END, _END)
        return [*head.split(b"\n")[:-1], *tail.split(b"\n")[1:]]

    def _cost(self, records: list[_Line]) -> tuple[int | None, bool]:
        """Nano-dollars of all calls, and whether each of them reports some."""
        costs = [record.call.usage[2] for record in records if record.call is not None]
        if any(record.effects is not None for record in records):
            if self._folder.status(EFFECTS).st_size > SHORT:
                self._unread.append("cost")
                return None, False
            lines = self._folder.read(EFFECTS).split(b"\n")
            costs += _costs_of(filter(None, lines))
        return sum(cost for cost in costs if cost is not None), None not in costs

    def _program(self, records: list[_Line]) -> str:
        """The first text that was read as a program, of a run that nobody asked a question."""
        for turn in records:
            if turn.program is not None:
                return self._text(turn.program)
            ref = turn.ast or turn.diagnostics
            if ref is not None:
                reading: Any = msgspec.json.decode(self._text(ref) or "null")
                # A program and where its parts stand, or problems; then the text (`program.recorded`).
                place = 1 if turn.ast is None else 2
                text = reading[place] if isinstance(reading, list) and len(reading) > place else None
                return text if isinstance(text, str) else ""
        return ""

    def _text(self, ref: Ref) -> str:
        """A text near the beginning of the contents; empty if it is not there."""
        size = self._folder.status(BLOBS).st_size
        for line in _read_range(self._folder, BLOBS, 0, min(size, SHORT)).split(b"\n")[:-1]:
            if line.startswith(b"["):
                item = _text_line.decode(line)
                if commit(item.salt, hashlib.sha256(item.text.encode()).digest()) == ref:
                    return item.text
        self._unread.append("question")
        return ""


def _costs_of(lines: Iterable[bytes]) -> Iterator[int | None]:
    """The costs of calls of models by their lines: arrays under the head of their round, in format 1 objects alone."""
    is_model = True
    for line in lines:
        if line.startswith(b"["):
            usage: _Usage | None = _call.decode(line).usage
        else:
            head = _head.decode(line)
            is_model, usage = head.effect in ("lm", "rlm"), head.usage
        if is_model and usage is not None:
            yield usage[2]


def _read_range(folder: Folder, name: str, start: int, size: int) -> bytes:
    if folder.is_packed:
        return folder.read(name)[start : start + size]
    descriptor = folder.open_file(name)
    try:
        return os.pread(descriptor, size, start)
    finally:
        os.close(descriptor)
