"""What is fuzzed: every reader of what strangers write, as a function from bytes to nothing.

A target may raise only what its docstring allows; anything else is a finding, and so is an end of the process, an
example that takes longer than `bounds.SECONDS`, and a process that grows beyond `bounds.MEMORY`.

The check of a trace would refuse every edit at the first hash. So a trace is tried twice: as it was edited, and with
the hashes between its records made right again, as a forger would.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rlmlite.errors import RlmliteError
from rlmlite.inputs import deriving, from_path
from rlmlite.inputs.formats.reading import Reading
from rlmlite_grammar import parse
from rlmlite_kernel import (
    Answered,
    Input,
    Limits,
    MemoryBlobs,
    RunKey,
    Settings,
    Source,
    State,
    Suspended,
    Text,
    advance,
    begin,
    resume,
    seal,
)
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.records.canonical import record_bytes, value_bytes
from rlmlite_kernel.records.merkle import leaf
from rlmlite_kernel.records.records import ZERO
from rlmlite_kernel.records.settings import Role
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs, StoreError, TraceError, UncheckedTrace, pack, replay, show, unpack, verify
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS
from rlmlite_traces.writing.recovery import recover
from tests.fuzz import seeds
from tests.fuzz.bounds import PARSER_SECONDS

_FILES = (RECORDS, BLOBS, EFFECTS)
_MARK = b"\n== next file ==\n"
_CANONICAL = msgspec.json.Encoder(order="deterministic")
_READING = Reading(cache=False, max_seconds=PARSER_SECONDS)
_LIMITS = Limits(steps=200, sub_calls=50, value_bytes=16_000_000, search_work=100_000_000, chunks=10_000)
_REPLIES = ("yes", '{"a": 1, "items": ["x", {"b": null}]}', "[" * 200)


class Target(NamedTuple):
    """A reader, and the honest files from which its examples are made."""

    read: Callable[[bytes], None]
    seeds: Sequence[bytes]


def targets() -> Mapping[str, Target]:
    """All targets by name: one for each format of inputs, programs, traces."""
    with tempfile.TemporaryDirectory() as folder:
        files = seeds.file_seeds(Path(folder))
    table = {_name_of(spec): Target(file_reader(spec), examples) for spec, examples in files.items()}
    table["html-as-text"] = Target(
        file_reader("{}.html", Reading(html="text", cache=False, max_seconds=PARSER_SECONDS)), files["{}.html"]
    )
    table["programs"] = Target(run_program, seeds.program_seeds())
    table["traces"] = Target(read_trace, seeds.trace_seeds())
    table["traces-recovered"] = Target(recover_trace, seeds.trace_seeds())
    table["traces-packed"] = Target(read_packed, seeds.packed_seeds())
    return table


def _name_of(spec: str) -> str:
    reader, _, query = spec.replace("{}", "").partition("?")
    return (reader.strip(".:") + "-" + query.partition("=")[0]).strip("-").replace(".", "-")


def file_reader(spec: str, reading: Reading = _READING) -> Callable[[bytes], None]:
    """Reads a file as `spec` says, and all that it holds. It may raise `RlmliteError`."""

    def read(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x")
            # The suffix belongs to the file, not to the specification.
            suffix = spec.partition("{}")[2].partition("?")[0]
            path.with_name("x" + suffix).write_bytes(content)
            blobs = FileBlobs()
            try:
                loaded = from_path(spec.replace("{}", str(path)), blobs, reading)
            except RlmliteError:
                return
            to_json(loaded.value, blobs)

    return read


def run_program(content: bytes) -> None:
    """Reads a text as a program and runs it with replies of all shapes, to the seal. It may raise nothing."""
    said = parse(content.decode("utf-8", "surrogateescape"))
    blobs = MemoryBlobs()
    done = advance(_state(blobs), said, blobs, reply=said.text if isinstance(said, Parsed) else None)
    replies = 0
    while isinstance(done, Suspended):
        results = [Answered(_REPLIES[(replies + index) % len(_REPLIES)]) for index in range(len(done.requests))]
        replies += len(results)
        done = resume(done, results, blobs)
    assert len(done.observation.encode()) <= 2 * _LIMITS.observation_bytes
    record_bytes(seal(done.state).record)


def _state(blobs: MemoryBlobs) -> State:
    log = b"one\nERROR two\nuser=ann ms=17\n" * 100
    rows: Any = [{"n": number, "s": "x" * (number % 5)} for number in range(50)]
    inputs = {
        "context": Input(Text(blobs.put(log), 0, len(log)), Source("text"), log),
        "table": Input(rows, Source("json"), value_bytes(rows)),
    }
    settings = Settings(limits=_LIMITS, roles={"sub": Role(model="scripted:x", max_output_tokens=10)})
    return begin(inputs, settings, RunKey(bytes(32))).state


def pack_trace(path: Path) -> bytes:
    """The checked files of a trace as one text."""
    return _MARK.join((path / name).read_bytes() for name in _FILES)


def read_trace(content: bytes) -> None:
    """Verifies, shows and replays a trace. It may raise `TraceError` and `StoreError`."""
    records, blobs, effects, *_ = [*content.split(_MARK), b"", b""]
    for lines in (records, _chained(records)):
        try:
            trace = verify(UncheckedTrace(lines, blobs, effects))
        except (TraceError, StoreError):
            continue
        for line in show(trace):
            assert "\x1b" not in line
        replay(trace, {}, FileBlobs(), derive=deriving())


def recover_trace(content: bytes) -> None:
    """Keeps what is sound of a trace, and that is sound. It may raise `TraceError`."""
    records, blobs, effects, *_ = [*content.split(_MARK), b"", b""]
    for lines in (records, _chained(records)):
        try:
            recovered = recover(UncheckedTrace(lines, blobs, effects))
        except TraceError:
            continue
        if recovered.trace is not None:
            assert recovered.trace.size > 0


def read_packed(content: bytes) -> None:
    """Unpacks a packed trace, and packs it again: to the same bytes. It may raise `TraceError`."""
    with tempfile.TemporaryDirectory() as folder:
        file, again = Path(folder, "a.rlmz"), Path(folder, "b.rlmz")
        file.write_bytes(content)
        try:
            unpack(file, Path(folder, "a.rlm"))
        except TraceError:
            assert sorted(path.name for path in Path(folder).iterdir()) == ["a.rlmz"]
            return
        pack(Path(folder, "a.rlm"), again)
        assert again.read_bytes() == content


def _chained(records: bytes) -> bytes:
    """The records with each `prev` as the record before it demands; lines that are not JSON stay."""
    lines, previous = [], ZERO
    for line in records.splitlines():
        try:
            fields = msgspec.json.decode(line)
            line = _CANONICAL.encode({**fields, "prev": previous})
        except (msgspec.DecodeError, TypeError, ValueError, RecursionError):
            pass  # the reader is to say so
        previous = leaf(line).hex()
        lines.append(line + b"\n")
    return b"".join(lines)
