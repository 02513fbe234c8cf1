"""What do receipts cost: to append, to verify, to replay?

The trace is of many turns of three statements, written by the kernel; and of one fan-out, whose calls are lines under a
step. Anchor for appending: each line encoded by msgspec, hashed and written, nothing checked; for verifying: each line
decoded and hashed. Anchor for the strict replay: the live run of the same programs, that is parse, kernel and log, with
a model that takes no time; the kernel alone is shown beside it.
Targets: 60,000 records appended and 50,000 verified a second; replay 5,000 steps a second, not slower than live.
A record is a line: of `trace.jsonl`, `blobs.jsonl` or `effects.jsonl`.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from benchmarks.fanout import ANSWER, lines_file
from benchmarks.fanout import PROGRAM as FAN_OUT
from benchmarks.logs import log_file
from benchmarks.measure import (
    KEY,
    MB,
    Figure,
    Row,
    Scale,
    begun,
    done_turn,
    growth,
    interleaved,
    per_second,
    print_table,
    program,
    rate_of,
    ratio_within,
    scale_of,
    waiting_turn,
)
from rlmlite_grammar import parse
from rlmlite_kernel import Entry, advance, resume, seal
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_traces import FileBlobs, Log, Verdict, allow_claims, replay, verify
from rlmlite_traces.format.lines import encode_blob

STEPS = 3


def texts(turns: int) -> list[str]:
    """Programs of three statements, no two alike."""
    return [f"x = logs[{n}:{n + 2000}]\npreview(logs[-{n + 100}:], head=2)\nn = count(x)\n" for n in range(turns)]


def live(path: Path, programs: Sequence[str], log: Log | None = None) -> list[Entry]:
    """A run of these programs."""
    done, blobs = begun(path)
    entries = list(done.entries)
    if log is not None:
        log.extend(entries)
    for text in programs:
        done = done_turn(advance(done.state, parse(text), blobs))
        entries += done.entries
        if log is not None:
            log.extend(done.entries)
    entries.append(seal(done.state))
    if log is not None:
        log.append(entries[-1])
    return entries


def fanned(path: Path) -> list[Entry]:
    """A run of one fan-out."""
    done, blobs = begun(path)
    suspended = waiting_turn(advance(done.state, program(FAN_OUT), blobs))
    finished = done_turn(resume(suspended, [ANSWER] * len(suspended.requests), blobs))
    return [*done.entries, *suspended.entries, *finished.entries, seal(finished.state)]


def append(entries: Sequence[Entry], place: Path) -> None:
    """Every entry into a new trace."""
    with Log.create(place, KEY) as log:
        for entry in entries:
            log.append(entry)


def bare_append(entries: Sequence[Entry], place: Path) -> None:
    """The anchor: encoded, hashed, written."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for entry in entries:
        parts = [encode_blob(blob) for blob in entry.blobs]
        parts += [*map(record_bytes, entry.effects), record_bytes(entry.record)]
        for part in parts:
            hashlib.sha256(part).digest()
        os.write(descriptor, b"\n".join(parts) + b"\n")
    os.fsync(descriptor)
    os.close(descriptor)


def bare_verify(place: Path) -> None:
    """The anchor: decoded and hashed."""
    for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"):
        for line in (place / name).read_bytes().splitlines():
            msgspec.json.decode(line)
            hashlib.sha256(line).digest()


def lines_of(place: Path) -> int:
    """The lines of a trace."""
    return sum((place / name).read_bytes().count(b"\n") for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl"))


def receipt_rows(what: str, entries: Sequence[Entry], times: int, folder: Path) -> list[Row]:
    """Appending and verifying one trace."""
    names = iter(range(10**6))
    kept = folder / f"{what}.rlm"
    append(entries, kept)
    count = lines_of(kept)
    tasks: list[Callable[[], object]] = [
        lambda: bare_append(entries, folder / f"{what}-{next(names)}.bare"),
        lambda: append(entries, folder / f"{what}-{next(names)}.rlm"),
        lambda: bare_verify(kept),
        lambda: verify(kept),
    ]
    written, ours, read, checked = (Figure(each, per_second(count)) for each in interleaved(times, *tasks))
    size = f"{count:,} lines"
    return [
        Row(f"{what} appended", size, "encode, hash, write", written, ours, rate_of(60_000, count)),
        Row(f"{what} verified", size, "decode, hash", read, checked, rate_of(50_000, count)),
    ]


def replay_rows(path: Path, turns: int, times: int, folder: Path) -> list[Row]:
    """Replaying against running."""
    programs, names = texts(turns), iter(range(10**6))
    steps = turns * STEPS

    def run(kept: Path | None) -> Path | None:
        if kept is None:
            live(path, programs)
        else:
            with Log.create(kept, KEY) as log:
                live(path, programs, log)
        return kept

    trace = folder / "replayed.rlm"
    run(trace)

    def again() -> None:
        checked = verify(trace)
        # The run is this benchmark's own, and its limits are higher than what a reader allows a stranger's.
        found = replay(checked, blobs=FileBlobs(), recorded_paths=True, limits=allow_claims(checked))
        assert (found.verdict, found.executed) == (Verdict.REPRODUCED, steps), found

    tasks: list[Callable[[], object]] = [
        lambda: run(folder / f"live-{next(names)}.rlm"),
        lambda: run(None),
        again,
    ]
    kept, unkept, replayed = (Figure(each, per_second(steps)) for each in interleaved(times, *tasks))
    size = f"{steps:,} steps"
    return [
        Row("strict replay, verify included", size, "", None, replayed, rate_of(5_000, steps)),
        Row("strict replay, verify included", size, "live run with log", kept, replayed, ratio_within(1.0)),
        Row("strict replay, verify included", size, "parse and kernel", unkept, replayed),
    ]


def main(scale: Scale) -> None:
    """Print the table."""
    few, many = scale.pick((300, 3_000), (50, 500), (2, 5))
    calls, times = scale.pick((50_000, 5), (5_000, 3), (20, 1))
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), log_file(scale.pick(10 * MB, MB, MB // 10))
        rows = receipt_rows("steps", live(path, texts(many)), times, folder)
        rows += receipt_rows("calls", fanned(lines_file(calls, folder)), times, folder)
        (folder / "few").mkdir()
        small = replay_rows(path, few, times, folder / "few")
        large = replay_rows(path, many, times, folder)
    sized = (float(few * STEPS), small[0].ours), (float(many * STEPS), large[0].ours)
    print_table("Receipts", [*rows, *small, *large], [growth("a strict replay with steps", *sized)])


if __name__ == "__main__":
    main(scale_of(__doc__))
