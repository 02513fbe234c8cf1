"""What a trace may claim and cost is the reader's to say. (S7)"""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel import Limits
from rlmlite_kernel.records.records import Entry, Genesis, Remark, Span, Step, Turn
from rlmlite_kernel.values.inputs import Source, SourceFile
from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    Level,
    OverLimitError,
    ReaderLimits,
    TraceError,
    Verdict,
    allow_claims,
    replay,
    verify,
)
from rlmlite_traces.limits import CLAIMS
from tests.traces import handmade
from tests.traces.forge.folders import new_blob, salted_as, with_record, write_folder
from tests.traces.replays import real_runs
from tests.traces.replays.forging import Change, entries_of, forge, with_fields

HUGE = 2**53 - 1


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> CheckedTrace:
    """A run over a text from memory, with calls."""
    place = tmp_path_factory.mktemp("honest") / "a.rlm"
    blobs = FileBlobs()
    real_runs.record(place, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)
    return verify(place)


def with_limits(trace: CheckedTrace, **limits: int) -> Change:
    """The settings of a run claim other limits."""
    settings = msgspec.structs.replace(real_runs.settings(), limits=Limits(**limits))
    content = msgspec.json.Encoder(order="sorted").encode(settings)
    other = salted_as(trace, trace.genesis.settings, content)

    def change(entries: list[Entry]) -> list[Entry]:
        record = msgspec.structs.replace(entries[0].record, settings=other.ref)
        return with_record(entries, 0, record, other)

    return change


def test_every_limit_of_a_run_has_a_bound() -> None:
    """A limit that is added to runs needs one for their readers. Money and tokens cost a replay nothing."""
    assert set(Limits.__struct_fields__) - set(CLAIMS) == {"tokens", "cost_nano"}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_limit_that_permits_too_much_is_refused(honest: CheckedTrace, name: str) -> None:
    """The error names the bound, what was claimed, and how to allow it; allowed, the replay goes on."""
    trace = forge(honest, with_limits(honest, **{name: HUGE}))

    with pytest.raises(OverLimitError) as caught:
        replay(trace)

    assert (caught.value.bound, caught.value.found) == (name, HUGE)
    assert f"--allow {name}={HUGE}" in str(caught.value)
    assert replay(trace, limits=ReaderLimits(**{name: HUGE})).difference is None


def test_the_defaults_let_honest_runs_through() -> None:
    """Ten times the default limits of a run, inputs of 1 GB, and 100,000 calls."""
    reader, claimed = ReaderLimits(), Limits()
    for name in CLAIMS:
        if name not in ("value_bytes", "depth"):
            assert getattr(reader, name) >= 5 * getattr(claimed, name), name
    assert reader.value_bytes >= 5 * claimed.value_bytes
    assert reader.depth > claimed.depth
    assert min(reader.content_bytes, reader.blobs_bytes, reader.searched_bytes, reader.derived_bytes) > 10**9
    assert min(reader.calls, reader.sub_calls, reader.blobs) > 100_000
    assert reader.calls_bytes > 100_000 * 400


def _source(trace: CheckedTrace, source: Source) -> Change:
    """Another source of the (only) input, in place of its content."""
    other = new_blob(msgspec.json.Encoder(order="sorted").encode(source))

    def change(entries: list[Entry]) -> list[Entry]:
        genesis = entries[0].record
        assert isinstance(genesis, Genesis)
        entry = msgspec.structs.replace(genesis.inputs[0], source=other.ref)
        record = msgspec.structs.replace(genesis, inputs=(entry,))
        return with_record(entries, 0, record, other)

    return change


def _many_inputs(entries: list[Entry]) -> list[Entry]:
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    more = tuple(msgspec.structs.replace(genesis.inputs[0], name=f"i{n}") for n in range(30))
    return with_record(entries, 0, msgspec.structs.replace(genesis, inputs=more))


def _many_parts(entries: list[Entry]) -> list[Entry]:
    at = next(at for at, entry in enumerate(entries) if entry.effects)
    span = Span("0" * 64, 0, HUGE, "log")
    calls = [msgspec.structs.replace(call, recipe=(span,) * 40) for call in entries[at].effects]
    entries[at] = handmade.with_calls(entries[at], calls)
    return entries


OVER: dict[str, tuple[ReaderLimits, Change]] = {
    "inputs": (ReaderLimits(inputs=20), _many_inputs),
    "records": (ReaderLimits(records=5), lambda entries: entries),
    "calls": (ReaderLimits(calls=2), lambda entries: entries),
    "blobs": (ReaderLimits(blobs=2), lambda entries: entries),
    "line_bytes": (ReaderLimits(line_bytes=2_000), with_fields(Step, 0, warnings=(Remark(code="x"),) * 500)),
    "prompt_parts": (ReaderLimits(prompt_parts=100), _many_parts),
}


@pytest.mark.parametrize("bound", OVER)
def test_what_a_trace_has_too_much_of_is_not_read(honest: CheckedTrace, bound: str) -> None:
    """Counts and lengths end the reading where they pass the bound."""
    limits, change = OVER[bound]
    files, _ = handmade.encode(change(entries_of(honest)))

    with pytest.raises(OverLimitError) as caught:
        verify(handmade.unchecked_trace(files), limits=limits)
    assert caught.value.bound == bound


@pytest.mark.parametrize("name", ["trace.jsonl", "effects.jsonl", "blobs.jsonl"])
def test_a_sparse_file_is_not_read(honest: CheckedTrace, tmp_path: Path, name: str) -> None:
    """A file of twenty gigabytes of nothing costs its writer nothing, and its reader neither."""
    place = tmp_path / "a.rlm"
    write_folder(place, entries_of(honest))
    with open(place / name, "r+b") as file:
        file.truncate(20 * 1024**3)

    with pytest.raises(OverLimitError, match="_bytes"):
        verify(place)


@pytest.mark.parametrize(
    "source",
    [
        Source("text", "a.log", (SourceFile("a.log", "0" * 64, HUGE),), part=(0, HUGE)),
        Source("text", "a.log", (SourceFile("a.log", "0" * 64, 5),), part=(3, 1)),
        Source("text", "a.log", (SourceFile("a.log", "0" * 64, 5),), part=(-1, 5)),
        Source("text", "a.log", (SourceFile("a.log", "0" * 64, 5),), part=(0, 6)),
        Source("oracle", "a.log", (SourceFile("a.log", "0" * 64, 5),)),
        Source("table", "a.log", (SourceFile("a.log", "0" * 64, 5),), part=(0, 5)),
    ],
    ids=str,
)
def test_a_source_cannot_claim_what_it_likes(honest: CheckedTrace, source: Source) -> None:
    """A part beyond the file, a kind that is none, a size that is not the content's: found before a step runs."""
    found = replay(forge(honest, _source(honest, source)))

    assert found.verdict in (Verdict.FORGED, Verdict.UNVERIFIABLE)
    assert found.executed == 0


def test_a_smaller_size_hides_nothing(tmp_path: Path) -> None:
    """A file that is recorded as shorter than it is would be read only in part, and counted as read whole."""
    log = tmp_path / "a.log"
    log.write_text("one\ntwo\nERROR\n")
    blobs = FileBlobs()
    place = tmp_path / "a.rlm"
    real_runs.record(place, {"log": real_runs.file_input(log, blobs)}, blobs, ('final(count(search(log, "ERROR")))',))
    trace = verify(place)
    digest = blobs.look(log).digest
    shorter = Source("text", str(log), (SourceFile(str(log), digest, 8),))

    found = replay(forge(trace, _source(trace, shorter)), recorded_paths=True)

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.field == "inputs.log"


def test_files_are_looked_for_once(tmp_path: Path, honest: CheckedTrace) -> None:
    """A hundred thousand names for one large file are one file to hash, and bounded."""
    large = tmp_path / "large.log"
    large.write_bytes(b"x" * 1_000_000)
    files = tuple(SourceFile(str(large), f"{n:064x}", 1) for n in range(2_000))
    trace = forge(honest, _source(honest, Source("documents", str(large), files)))

    found = replay(trace, {"log": large}, limits=ReaderLimits(searched_bytes=2_500_000))
    assert found.verdict is not Verdict.REPRODUCED
    with pytest.raises(OverLimitError, match="searched_bytes"):
        replay(trace, {"log": large}, limits=ReaderLimits(searched_bytes=500_000))
    with pytest.raises(OverLimitError, match="input_files"):
        replay(trace, {"log": large}, limits=ReaderLimits(input_files=1_999))


def _result(content: bytes) -> Change:
    """Another result of the first call."""
    other = new_blob(content)

    def change(entries: list[Entry]) -> list[Entry]:
        at = next(at for at, entry in enumerate(entries) if entry.effects)
        first, *rest = entries[at].effects
        entries[at] = handmade.with_calls(entries[at], [msgspec.structs.replace(first, result=other.ref), *rest])
        return with_record(entries, 0, entries[0].record, other)

    return change


def _program(content: bytes) -> Change:
    other = new_blob(content)

    def change(entries: list[Entry]) -> list[Entry]:
        at = next(at for at, entry in enumerate(entries) if isinstance(entry.record, Turn))
        record = msgspec.structs.replace(entries[at].record, ast=other.ref)
        return with_record(with_record(entries, at, record), 0, entries[0].record, other)

    return change


def _statements(count: int) -> bytes:
    one = b'[["call","note",[["lit","x"]],[]],null]'
    return b"[[[" + b",".join([one] * count) + b"]],[],null]"


BOMBS: dict[str, tuple[ReaderLimits, Change]] = {
    "a result of many values": (ReaderLimits(json_items=1_000), _result(b"[" + b"[]," * 2_000 + b"[]]")),
    "a program of many values": (ReaderLimits(json_items=1_000), _program(_statements(500))),
    "a program of many statements": (ReaderLimits(statements=100), _program(_statements(500))),
    "a program of many bytes": (ReaderLimits(json_bytes=10_000), _program(_statements(500))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_a_content_is_not_decoded(honest: CheckedTrace, name: str) -> None:
    """What is small as text may be large as values; it is counted before it is decoded."""
    limits, change = BOMBS[name]
    files, _ = handmade.encode(forged(honest, change))

    with pytest.raises(OverLimitError):
        replay(verify(handmade.unchecked_trace(files), limits=limits), limits=limits)


def forged(trace: CheckedTrace, change: Change) -> list[Entry]:
    """The entries of the forged trace, without what nothing names."""
    return entries_of(forge(trace, change))


@pytest.mark.parametrize("depth", [250, 900, 5_000, 100_000])
@pytest.mark.parametrize("kind", ["list", "not", "call"])
def test_a_program_deeper_than_the_language_is_a_difference(honest: CheckedTrace, depth: int, kind: str) -> None:
    """No reader made it, so it is reported as unreadable, and the kernel never descends into it."""
    opening = {"list": b'["list",[', "not": b'["unary","not",', "call": b'["call","lower",['}[kind]
    closing = {"list": b"]]", "not": b"]", "call": b"],[]]"}[kind]
    value = opening * depth + b'["lit",1]' + closing * depth
    program = b"[[[[" + value + b',"x"]]],[],null]'

    found = replay(forge(honest, _program(program)))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.field == "ast"


RECORDS = {
    "a deep record": b'{"kind":"genesis","scope":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}\n",
    "a deep list": b"[" * 1_000_000 + b"\n",
    "no record": b"\x00" * 1_000 + b"\n",
    "a number": b"9" * 100_000 + b"\n",
    "escapes": b'"' + b"\\u0000" * 10_000 + b'"\n',
    "nothing": b"\n" * 10,
}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("file", ["trace.jsonl", "effects.jsonl", "blobs.jsonl"])
def test_a_depth_bomb_in_a_line_is_a_typed_error(honest: CheckedTrace, name: str, file: str) -> None:
    """No traceback, whatever the line holds."""
    files, _ = handmade.encode(entries_of(honest))
    for changed in (RECORDS[name], files[file] + RECORDS[name], RECORDS[name] + files[file]):
        with pytest.raises(TraceError):
            verify(handmade.unchecked_trace(files | {file: changed}))


@pytest.mark.parametrize("size", [1_000, 4_000])
def test_ten_thousand_inputs_of_one_source_decode_it_once(honest: CheckedTrace, size: int) -> None:
    """Work in verifying grows with the bytes of a trace, not with inputs times sources."""
    files = tuple(SourceFile(f"{n}", f"{n:064x}", 1) for n in range(size))
    entries = _source(honest, Source("documents", "d", files))(entries_of(honest))
    genesis = entries[0].record
    assert isinstance(genesis, Genesis)
    inputs = tuple(msgspec.structs.replace(genesis.inputs[0], name=f"i{n}") for n in range(size))
    entries = with_record(entries, 0, msgspec.structs.replace(genesis, inputs=inputs))
    files_, _ = handmade.encode(entries[:1])

    began = time.process_time()
    with pytest.raises(TraceError):  # the run's own blobs are strays now, or are not: the time is what counts
        verify(handmade.unchecked_trace(files_), at_least=Level.SEALED)
    # Decoded for each input, 4,000 sources of 300 kB would be 1.2 GB of JSON, which takes 10 s and more.
    assert time.process_time() - began < 2


@pytest.mark.parametrize("shape", ["calls", "steps"])
def test_verifying_takes_time_in_proportion(shape: str) -> None:
    """Four times the calls, or the steps, take about four times as long, not sixteen."""

    def seconds(count: int) -> float:
        if shape == "calls":
            steps = [handmade.step(1, 1, 0, count=count)]
        else:
            steps = [handmade.step(n, 1, n - 1) for n in range(1, count // 4)]
        files, _ = handmade.encode([handmade.genesis(), handmade.turn(1, 0), *steps])
        began = time.process_time()
        verify(handmade.unchecked_trace(files))
        return time.process_time() - began

    small = min(seconds(2_000) for _ in range(3))
    large = min(seconds(8_000) for _ in range(3))

    assert large < 10 * small + 0.1


def test_own_runs_may_use_what_their_settings_permit(honest: CheckedTrace) -> None:
    """Whoever began a run has set its limits; a reader's other bounds stay."""
    trace = forge(honest, with_limits(honest, value_bytes=HUGE, steps=HUGE))

    allowed = allow_claims(trace)

    assert (allowed.value_bytes, allowed.steps) == (HUGE, HUGE)
    assert (allowed.chunks, allowed.json_bytes) == (ReaderLimits().chunks, ReaderLimits().json_bytes)
    assert replay(trace, limits=allowed).difference is None


SMALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 * 1024**3, 3 * 1024**3))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from pathlib import Path
from rlmlite_traces import TraceError, replay, verify
try:
    print(replay(verify(Path(sys.argv[1]))).verdict.value)
except TraceError as error:
    print(type(error).__name__, str(error)[:60])
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["value_bytes", "chunks", "search_work"])
def test_a_hostile_genesis_ends_in_a_small_process(honest: CheckedTrace, tmp_path: Path, name: str) -> None:
    """With 3 GB and 20 s, a program that would take everything that its limits permit ends at once."""
    place = tmp_path / "a.rlm"
    write_folder(place, forged(honest, with_limits(honest, **{name: HUGE})))

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SMALL), str(place)], capture_output=True, text=True, timeout=60
    )

    assert done.stdout.startswith("OverLimitError"), done.stderr[-500:]
