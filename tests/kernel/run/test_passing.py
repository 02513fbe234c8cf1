"""A run passes to another process as bytes, also while it waits; a wrong call is said, and changes nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel import (
    Answered,
    CallSpentError,
    Done,
    Limits,
    MemoryBlobs,
    NotSuspendedError,
    ResultsError,
    Role,
    RunKey,
    Settings,
    SnapshotError,
    State,
    Suspended,
    advance,
    ask,
    begin,
    load_run,
    record_reply,
    request_reply,
    resume,
    save_run,
    seal,
)
from rlmlite_kernel.testing.play.turns import KEY, entry_bytes, make_input
from rlmlite_traces import Log, TraceBrokenError
from tests.kernel.machine import ROLE, echo, parse_program

LOG = "one ERROR\ntwo\nthree ERROR\n"

PROGRAMS = {
    "one call": 'x = sub_lm("What is {log}?")\nfinal(x)',
    "a fan-out": 'x = extract_over_chunks(log.lines, "{text}")\ny = count(x)\nfinal([x, y])',
    "rounds": 'x = sub_lm("Who?", schema={who: str})\nz = 1',
    "waves": 'a = sub_lm("a {log}")\nb = sub_lm("b {a}")\nc = count(search(log, "ERROR"))\nfinal([a, b, c])',
    "before and after": 'e = search(log, "ERROR")\nnote("seen {n}")\nx = sub_lm("{e}")\nshow(e, x)',
}


def start(key: RunKey = KEY, text: str = LOG, **settings: Any) -> tuple[State, MemoryBlobs]:
    """The same run, in whatever process."""
    blobs = MemoryBlobs()
    roles = {"sub": ROLE, "controller": Role(model="c", max_output_tokens=100, window=1_000)}
    begun = begin({"log": make_input(blobs, text)}, Settings(roles=roles, **settings), key)
    return ask(begun.state, "What?").state, blobs


def results_of(turn: Suspended) -> list[Answered]:
    """What a model says to each request."""
    return [Answered(str(echo(request.text))) for request in turn.requests]


def finish(turn: Done | Suspended, blobs: MemoryBlobs, *, passes: bool) -> bytes:
    """The bytes of all entries up to the seal; `passes`: before each answer the turn goes through bytes."""
    entries = [*turn.entries]
    while isinstance(turn, Suspended):
        if passes:
            begun, blobs = begin_again()
            loaded = load_run(save_run(turn, blobs), begun, blobs)
            assert isinstance(loaded, Suspended)
            assert [each.id for each in loaded.requests] == [each.id for each in turn.requests]
            assert loaded.entries == ()
            turn = loaded
        turn = resume(turn, results_of(turn), blobs)
        entries += turn.entries
    return entry_bytes([*entries, seal(turn.state)])


def begin_again() -> tuple[State, MemoryBlobs]:
    # Without the question: it is in the bytes, as all that came after `begin`.
    blobs = MemoryBlobs()
    roles = {"sub": ROLE, "controller": Role(model="c", max_output_tokens=100, window=1_000)}
    return begin({"log": make_input(blobs, LOG)}, Settings(roles=roles), KEY).state, blobs


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_turn_that_waits_goes_on_elsewhere_as_it_would_have_here(name: str) -> None:
    """The same records, byte for byte, however often it passes."""
    state, blobs = start()
    here = finish(advance(state, parse_program(PROGRAMS[name]), blobs), blobs, passes=False)
    there = finish(advance(state, parse_program(PROGRAMS[name]), blobs), blobs, passes=True)

    assert there == here


def test_a_run_between_turns_goes_on_elsewhere() -> None:
    """With its variables, notes, budgets, and what has been shown."""
    state, blobs = start()
    turn = advance(state, parse_program('e = search(log, "ERROR")\nnote("a plan")\nshow(e)'), blobs)
    assert isinstance(turn, Done)
    begun, others = begin_again()
    loaded = load_run(save_run(turn, blobs), begun, others)

    assert isinstance(loaded, Done)
    assert (loaded.observation, loaded.entries) == (turn.observation, ())
    last = "final(count(e), evidence=e)"
    here = advance(turn.state, parse_program(last), blobs)
    there = advance(loaded.state, parse_program(last), others)
    assert entry_bytes(here.entries) == entry_bytes(there.entries)


CHILD = """
import sys
from pathlib import Path
from rlmlite_kernel import load_run, resume, seal
from rlmlite_kernel.testing.play.turns import entry_bytes
from tests.kernel.run.test_passing import begin_again, finish, results_of
begun, blobs = begin_again()
turn = load_run(Path(sys.argv[1]).read_bytes(), begun, blobs)
sys.stdout.buffer.write(finish(turn, blobs, passes=False))
"""


def test_another_process_goes_on_with_the_same_bytes(tmp_path: Path) -> None:
    """A process of its own, with another hash seed, that knows the bytes and how the run was begun."""
    state, blobs = start()
    turn = advance(state, parse_program(PROGRAMS["waves"]), blobs)
    assert isinstance(turn, Suspended)
    (tmp_path / "waiting").write_bytes(save_run(turn, blobs))
    path = os.pathsep.join(path for path in sys.path if path)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "waiting")],
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": path},
        capture_output=True,
        check=True,
    )

    here = finish(msgspec.structs.replace(turn, entries=()), blobs, passes=False)
    assert child.stdout == here


OTHERS: dict[str, tuple[Callable[[], tuple[State, MemoryBlobs]], str]] = {
    "key": (lambda: start(RunKey(b"o" * 32)), "begin it with the same key"),
    "settings": (lambda: start(limits=Limits(turns=3)), "begin it with the same settings"),
    "inputs": (lambda: start(text="another text"), "begin it with the same inputs"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_bytes_of_another_run_are_refused(other: str) -> None:
    """What differs is named, and what to do."""
    state, blobs = start()
    data = save_run(advance(state, parse_program(PROGRAMS["one call"]), blobs), blobs)
    make, message = OTHERS[other]

    with pytest.raises(SnapshotError, match=message):
        load_run(data, *make())


@given(st.data())
def test_bytes_that_are_no_saved_run_are_refused(data: st.DataObject) -> None:
    """Whatever was done to them: a typed error, or a turn that waits for the calls that the bytes name."""
    state, blobs = start()
    content = bytearray(save_run(advance(state, parse_program(PROGRAMS["one call"]), blobs), blobs))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), len(content) // 2]))
    begun, others = begin_again()
    try:
        turn = load_run(bytes(content[:end]), begun, others)
    except SnapshotError:
        return
    assert isinstance(turn, Done | Suspended)


def waiting() -> tuple[Suspended, MemoryBlobs]:
    state, blobs = start()
    turn = advance(state, parse_program(PROGRAMS["a fan-out"]), blobs)
    assert isinstance(turn, Suspended)
    return turn, blobs


def test_results_may_come_by_id_in_any_order() -> None:
    """The same turn as with results in order."""
    turn, blobs = waiting()
    results = results_of(turn)
    by_id = {request.id: result for request, result in zip(turn.requests, results, strict=True)}
    by_id = dict(reversed(by_id.items()))

    assert entry_bytes(resume(turn, by_id, blobs).entries) == entry_bytes(resume(turn, results, blobs).entries)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda ids, results: results[:-1], "3 requests need as many results, not 2"),
        (lambda ids, results: ["a text", *results[1:]], "result 0 is a str; expected Answered"),
        (lambda ids, results: dict(zip(ids[1:], results, strict=False)), "1 requests have no result, the first is"),
        (
            lambda ids, results: {**dict(zip(ids, results, strict=True)), "x": 0},
            "has the id x: it is of another turn",
        ),
    ],
)
def test_results_that_do_not_fit_are_said_and_change_nothing(spoil: Callable[..., Any], message: str) -> None:
    """The same turn can be resumed with the right ones afterwards."""
    turn, blobs = waiting()
    results = results_of(turn)

    with pytest.raises(ResultsError, match=message):
        resume(turn, spoil([request.id for request in turn.requests], results), blobs)
    assert isinstance(resume(turn, results, blobs), Done)


def test_a_turn_that_is_over_cannot_be_resumed() -> None:
    """It says what comes next."""
    turn, blobs = waiting()
    done = resume(turn, results_of(turn), blobs)

    with pytest.raises(NotSuspendedError, match="advance its `state` by the next program, or seal it"):
        resume(done, [], blobs)  # type: ignore[arg-type]


def test_entries_that_are_there_already_are_refused_by_the_log(tmp_path: Path) -> None:
    """As after resuming twice; the trace stays what it was. A whole turn's entries are for `extend`."""
    begun, blobs = begin_again()
    turn = advance(begun, parse_program("x = 1"), blobs)
    first = begin({"log": make_input(blobs, LOG)}, begun.settings, KEY).entries
    with Log.create(tmp_path / "t.rlm", b"k" * 32) as log:
        log.extend([*first, *turn.entries])
        root = log.root
        with pytest.raises(TraceBrokenError):
            log.extend(turn.entries)
        with pytest.raises(TypeError, match=r"for `turn.entries` use extend"):
            log.append(turn.entries)  # type: ignore[arg-type]
        assert log.root == root


def test_a_controllers_call_is_asked_for_where_it_fits() -> None:
    """Its window, its budgets, its role; the record has what was asked."""
    state, _ = start(limits=Limits(tokens=500))

    request = request_reply(state, "a prompt")
    call = record_reply(state, request, Answered("final(1)"))
    assert (call.role, call.model, call.prompt_bytes, call.prompt) == ("controller", "c", 8, state.commit("a prompt"))
    with pytest.raises(CallSpentError, match="the call may use 600 tokens, and 500 are left; seal the run"):
        request_reply(state, "x" * 1_500)
    with pytest.raises(CallSpentError, match="the prompt has 2,800 bytes, and 2,700 fit; shorten its history"):
        request_reply(start()[0], "x" * 2_800)
    with pytest.raises(LookupError, match="no model plays `judge`"):
        request_reply(state, "a prompt", "judge")
