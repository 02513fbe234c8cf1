"""Runs that were killed: a host opens the trace and goes on. The bytes are the same, and no call is paid twice."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rlmlite_kernel import (
    Done,
    Request,
    Result,
    Suspended,
    advance,
    begin,
    render,
    resume,
    seal,
)
from rlmlite_kernel.records.refs import RunKey
from rlmlite_traces import (
    FileBlobs,
    Log,
    Replayed,
    replay,
)
from tests.traces import handmade
from tests.traces.replays import real_runs


class KilledError(Exception):
    """The process dies here."""


def go_on(path: Path, call: Callable[[Request, str], Result]) -> None:
    """What a host does with a trace that was not sealed: open, replay, finish the turn, then the other turns."""
    blobs = FileBlobs()
    with Log.open(path) as log:
        if log.recovered is None:
            done = begin(
                {"log": real_runs.text_input(real_runs.LOG, blobs)},
                real_runs.settings(),
                RunKey(log.run_key),
                grammar="0" * 64,
            )
            log.extend(done.entries)
        else:
            done = finish_turn(
                log, replay(log.recovered, blobs=blobs, salts=RunKey(log.run_key), recorded_paths=True), blobs, call
            )
        for program in real_runs.PROGRAMS[done.state.turn :]:
            done = real_runs.turn(log, done, program, blobs, call)
        log.extend([seal(done.state)])


def finish_turn(log: Log, found: Replayed, blobs: FileBlobs, call: Callable[[Request, str], Result]) -> Done:
    """The last turn of a trace, executed to its end with every result that is known."""
    assert found.state is not None
    left = found.unfinished
    if left is None:
        return Done(found.state, (), "")
    step = advance(found.state, left.said, blobs, reply=left.reply, origin=left.origin, call=left.call)
    entries = [*step.entries]
    written = left.recorded
    while isinstance(step, Suspended):
        for entry in entries[written:]:
            log.append(entry)
        written = max(written, len(entries))
        results = [result_of(call, log, left.results, request, blobs) for request in step.requests]
        step = resume(step, results, blobs)
        entries += step.entries
    log.extend(entries[written:])
    return step


def result_of(
    call: Callable[[Request, str], Result],
    log: Log,
    known: Mapping[str, Result],
    request: Request,
    blobs: FileBlobs,
) -> Result:
    result = known.get(request.id) or log.journal_results().get(request.id)
    if result is None:
        result = call(request, render(request.prompt, blobs))
        log.journal(request.id, result)
    return result


def test_a_run_killed_at_any_call_or_write_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at every write and at every call, again and again, a run ends with the same files, no call paid twice."""
    whole = tmp_path / "whole.rlm"
    paid: list[str] = []

    def paying(request: Request, prompt: str) -> Result:
        paid.append(request.id)
        return real_runs.answer(request, prompt)

    blobs = FileBlobs()
    real_runs.record(whole, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs, call=paying)
    expected, calls = handmade.files(whole), len(paid)
    real, left = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            real(descriptor, bytes(data)[: len(data) // 2])
            raise KilledError
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    for survives in range(1, 40):
        path = tmp_path / f"{survives}.rlm"
        paid.clear()
        left[0] = 1  # the run's key; a trace without one cannot go on
        Log.create(path, real_runs.KEY).close()
        for _ in range(100):
            left[0] = survives
            try:
                go_on(path, paying)
            except KilledError:
                survives += 1  # else a write that always dies at the same place never ends
                continue
            break
        assert handmade.files(path) == expected
        assert len(paid) <= calls + 40
        assert len(set(paid)) == calls


def test_a_call_in_the_journal_is_not_paid_twice(tmp_path: Path) -> None:
    """Killed after each call of a fan-out, a run makes every call once."""
    whole = tmp_path / "whole.rlm"
    blobs = FileBlobs()
    real_runs.record(whole, {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)
    path, paid = tmp_path / "a.rlm", list[str]()
    Log.create(path, real_runs.KEY).close()

    def dying(request: Request, prompt: str) -> Result:
        if len(paid) == stop:
            raise KilledError
        paid.append(request.id)
        return real_runs.answer(request, prompt)

    for stop in range(3):  # noqa: B007  # `dying` reads it
        with pytest.raises(KilledError):
            go_on(path, dying)
    stop = -1
    go_on(path, dying)

    assert handmade.files(path) == handmade.files(whole)
    assert len(paid) == len(set(paid)) == 3
