"""Replay: a real run is executed again, and every record comes out the same."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from rlmlite_grammar import parse
from rlmlite_kernel import (
    ACTIONS,
    Answered,
    BlobMissingError,
    Done,
    Failed,
    Result,
    Settings,
    Usage,
    advance,
    begin,
    seal,
)
from rlmlite_kernel.program.action_table import Action
from rlmlite_kernel.records.records import EffectRecord, Genesis, Step
from rlmlite_kernel.records.refs import RunKey
from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    Log,
    Replayed,
    Verdict,
    replay,
    verify,
)
from tests.traces import handmade
from tests.traces.replays import real_runs
from tests.traces.replays.forging import entries_of, forge, with_fields
from tests.traces.replays.real_runs import is_reproduced


def test_an_honest_run_is_reproduced(honest_run: CheckedTrace) -> None:
    """Every step of a sealed trace is executed again and gives the same records."""
    found = replay(honest_run)

    assert is_reproduced(found)
    assert found.steps == 6
    assert (found.difference, found.missing, found.engines, found.unfinished) == (None, {}, {}, None)


def test_replay_touches_no_network(honest_run: CheckedTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replay opens no socket."""

    def no_socket(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)

    assert is_reproduced(replay(honest_run))


@pytest.mark.parametrize("seed", ["0", "1", "77"])
def test_another_process_gives_the_same(tmp_path: Path, seed: str) -> None:
    """The seed of Python's hashes changes nothing, neither the trace's bytes nor the verdict."""
    code = (
        "import sys; from pathlib import Path\n"
        "from rlmlite_traces import *; from tests.traces.replays import real_runs\n"
        "path, blobs = Path(sys.argv[1]), FileBlobs()\n"
        "real_runs.record(path, {'log': real_runs.text_input(real_runs.LOG, blobs)}, blobs)\n"
        "trace = verify(path)\nprint(trace.root, replay(trace).verdict.value)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", code, str(tmp_path / "a.rlm")]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
    blobs = FileBlobs()
    real_runs.record(tmp_path / "b.rlm", {"log": real_runs.text_input(real_runs.LOG, blobs)}, blobs)

    assert out == [verify(tmp_path / "b.rlm").root, "reproduced"]


def test_other_engines_excuse_only_what_they_compute(honest_run: CheckedTrace) -> None:
    """Under other versions a run may be reproduced all the same; a difference in what they found proves no forgery."""
    genesis = honest_run.genesis
    step = honest_run.records[2]
    assert isinstance(step, Step)
    written = (msgspec.structs.replace(step.writes[0], ref=handmade.state(7)),)

    def elsewhere(name: str, version: str, **fields: object) -> Replayed:
        engines = {**genesis.engines, name: version}
        changed = with_fields(Genesis, 0, engines=engines)
        return replay(forge(honest_run, lambda entries: with_fields(Step, 0, **fields)(changed(entries))))

    same = elsewhere("google-re2", "1.0.20230101", op=step.op)
    assert is_reproduced(same)
    assert same.engines == {"google-re2": ("1.0.20230101", genesis.engines["google-re2"])}

    # The step searches with a regex, so RE2 may have found something else; nothing else is RE2's doing.
    assert elsewhere("google-re2", "1.0.20230101", writes=written).verdict is Verdict.ENGINES
    for name, version, fields in (
        ("google-re2", "1.0.20230101", {"op": "count"}),
        ("google-re2", "1.0.20230101", {"used": {"steps": 2}}),
        ("google-re2", "1.0.20230101", {"writes": written, "used": {"steps": 2}}),
        ("google-re2", "1.0.20230101", {"state": handmade.state(3)}),
        ("google-re2", "0", {"writes": written}),
        ("google-re2", "99.1", {"writes": written}),
        ("google-re2", "", {"writes": written}),
        ("numpy", "1.26.4", {"writes": written}),
        ("tree-sitter", "0.1.0", {"writes": written}),
        ("made-up", "1.0.0", {"writes": written}),
    ):
        assert elsewhere(name, version, **fields).verdict is Verdict.FORGED, (name, version, fields)


def test_another_kernel_excuses_nothing(honest_run: CheckedTrace) -> None:
    """What actions mean is said by flags; the version of the kernel decides nothing but which action table it had."""
    genesis = honest_run.genesis
    older = with_fields(Genesis, 0, kernel="0.0.9", actions=handmade.state(1))

    found = replay(forge(honest_run, older))
    assert is_reproduced(found)
    assert found.engines == {"kernel": ("0.0.9", genesis.kernel)}

    found = replay(forge(honest_run, lambda entries: with_fields(Step, 0, op="count")(older(entries))))
    assert found.verdict is Verdict.FORGED


def test_an_open_trace_is_reproduced_as_far_as_it_goes(tmp_path: Path, honest_run: CheckedTrace) -> None:
    """A trace cut after any record is reproduced up to there; an unfinished turn comes with what it needs to go on."""
    for size in range(1, honest_run.size):
        entries = entries_of(honest_run)[:size]
        files, _ = handmade.encode(entries)
        found = replay(verify(handmade.unchecked_trace(files)))
        steps = sum(isinstance(entry.record, Step) for entry in entries)
        assert (found.verdict, found.executed, found.steps) == (Verdict.REPRODUCED, steps, steps)
        whole = size in (1, 4, 8, 9, 11)
        assert (found.unfinished is None) is whole, size


def test_every_kind_of_result_is_rebuilt(tmp_path: Path) -> None:
    """Failures, usage, unknown usage, cached and empty replies come back as they were."""
    results: list[Result] = [
        Answered("a", Usage(1, 2, 3), cached=True),
        Failed("timeout", Usage(4)),
        Answered("", Usage(None, 5, None)),
    ]
    blobs = FileBlobs()
    given = iter(results)
    real_runs.record(
        tmp_path / "a.rlm",
        {"log": real_runs.text_input(real_runs.LOG, blobs)},
        blobs,
        call=lambda request, prompt: next(given),
    )
    trace = verify(tmp_path / "a.rlm")

    calls: list[EffectRecord] = [call for seq in range(trace.size) for call in trace.effects(seq)]
    assert [call.usage for call in calls] == [(1, 2, 3), (4, None, None), (None, 5, None)]
    assert [call.error for call in calls] == ["", "timeout", ""]
    assert is_reproduced(replay(trace))


def test_a_store_that_lost_content_is_an_error(honest_run: CheckedTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing content that is not an input's is the host's fault: it raises, and gives no verdict."""

    def read(self: FileBlobs, digest: str) -> object:
        raise BlobMissingError(digest)

    monkeypatch.setattr(FileBlobs, "read", read)
    with pytest.raises(BlobMissingError):
        replay(honest_run)


def test_a_table_with_a_hosts_own_actions_replays_with_that_table(tmp_path: Path) -> None:
    """With the same table every record is computed again; without it the table is named, not called forged."""
    table = ACTIONS.extended(
        [Action(name="twice", family="host", params=(), result="2", help="two", run=lambda job: 2)]
    )
    blobs = FileBlobs()
    with Log.create(tmp_path / "own.rlm", bytes(32)) as log:
        done = begin({}, Settings(), RunKey(bytes(32)), table=table)
        log.extend(done.entries)
        turn = advance(done.state, parse("final(twice())"), blobs)
        assert isinstance(turn, Done)
        log.extend([*turn.entries, seal(turn.state)])
    trace = verify(tmp_path / "own.rlm")

    assert replay(trace, table=table).verdict is Verdict.REPRODUCED
    assert replay(trace).verdict is Verdict.ENGINES
