"""Turns with calls: suspend with requests, resume with results, as often as it takes."""

import hashlib

import pytest

from rlmlite_kernel import (
    Answered,
    Done,
    Failed,
    Limits,
    Suspended,
    Usage,
    render,
    resume,
)
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.testing.play.turns import entry_bytes
from tests.kernel.machine import LOG, Machine


def test_suspended_entries_are_only_what_is_finished() -> None:
    """While a step waits, its record and those after it are not written yet."""
    now = Machine({"log": LOG}).advance('a = count(log)\nb = sub_lm("q")\nc = count(log)')

    assert isinstance(now, Suspended)
    assert [entry.record.op for entry in now.entries if isinstance(entry.record, Step)] == ["count"]


def test_resume_goes_on_where_the_turn_was_suspended() -> None:
    """The records of both halves together are those of the whole turn, each once."""
    machine = Machine({"log": LOG})
    now = machine.advance('a = count(log)\nb = sub_lm("q")\nc = [a, b]')
    assert isinstance(now, Suspended)
    done = resume(now, [Answered("yes")], machine.blobs)
    ops = [e.record.op for e in (*now.entries, *done.entries) if isinstance(e.record, Step)]

    assert isinstance(done, Done)
    assert ops == ["count", "sub_lm", "write_var"]


def test_a_chain_of_calls_suspends_as_often_as_it_must() -> None:
    """A call that needs the answer of another waits for it."""
    machine = Machine({"log": LOG})
    machine.turn('a = sub_lm("one")\nb = sub_lm("two {a}")\nc = sub_lm("three {b}")')

    assert machine.waves == [1, 1, 1]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_results_changes_nothing(count: int) -> None:
    """Too few or too many results raise; after that the right number still works, with the same bytes."""
    machine = Machine({"log": LOG})
    now = machine.advance('a = sub_lm("p")\nb = sub_lm("q")')
    assert isinstance(now, Suspended)
    expected = resume(now, [Answered("1"), Answered("2")], machine.blobs)
    with pytest.raises(RuntimeError):
        resume(now, [Answered("x")] * count, machine.blobs)
    again = resume(now, [Answered("1"), Answered("2")], machine.blobs)

    assert entry_bytes(again.entries) == entry_bytes(expected.entries)


def test_one_suspension_resumed_twice_gives_equal_bytes() -> None:
    """A suspended turn is data: resuming it consumes nothing."""
    machine = Machine({"log": "a\nb\nc\nd\n"}, limits=Limits(tokens=150))
    now = machine.advance('x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}")\ny = count(log)')
    assert isinstance(now, Suspended)

    def ended() -> tuple[bytes, str, str]:
        turn: Done | Suspended = now
        entries = list(turn.entries)
        while isinstance(turn, Suspended):
            answers = [Answered(request.digest, Usage(1, 1)) for request in turn.requests]
            turn = resume(turn, answers, machine.blobs)
            entries.extend(turn.entries)
        return entry_bytes(entries), turn.state.digest, turn.observation

    assert ended() == ended()


def test_one_suspension_can_branch() -> None:
    """Two branches from one suspension, resumed with different answers, do not affect each other."""
    machine = Machine({"log": LOG})
    now = machine.advance('x = sub_lm("q")\ny = x + "!"')
    assert isinstance(now, Suspended)
    ends = [resume(now, [Answered(text)], machine.blobs) for text in ("a", "b", "a")]
    values = [end.state.variables["y"].data.value for end in ends if isinstance(end, Done)]

    assert values == ["a!", "b!", "a!"]
    assert entry_bytes(ends[0].entries) == entry_bytes(ends[2].entries)


def test_advancing_again_requests_the_same() -> None:
    """Another process that goes on from the same state and program makes the same requests: id, digest and text."""
    machine = Machine({"log": LOG})
    program = 'x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}")\ny = sub_lm("{log}")'
    first, second = machine.advance(program), machine.advance(program)
    assert isinstance(first, Suspended)
    assert isinstance(second, Suspended)

    assert list(first.requests) == list(second.requests)


def test_requests_have_ids_of_their_own() -> None:
    """No two calls of a run share an id, nor do the same calls of a later turn."""
    machine = Machine({"log": LOG})
    program = 'x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}")\ny = sub_lm("q")\nz = sub_lm("q")'
    ids: list[str] = []
    for _ in range(2):
        now = machine.advance(program)
        assert isinstance(now, Suspended)
        ids.extend(request.id for request in now.requests)
        machine.turn(program)

    assert len(ids) == 10
    assert len(set(ids)) == 10


def test_a_request_says_the_size_and_digest_of_its_prompt() -> None:
    """`prompt_bytes` and `digest` are of the text that `render` makes."""
    machine = Machine({"log": "Zoë 😀\n" * 5})
    program = 'x = extract_over_chunks(chunk(log, size=7), "Zoë? {chunk}", schema={a: str})\ny = sub_lm("é{log}")'
    now = machine.advance(program)
    assert isinstance(now, Suspended)
    for request in now.requests:
        text = render(request.prompt, machine.blobs).encode()

        assert request.prompt_bytes == len(text)
        assert request.digest == hashlib.sha256(text).hexdigest()


def test_effect_lines_stand_under_their_root() -> None:
    """The step's root is the tree head over its calls' lines, in the order of their index."""
    machine = Machine({"log": LOG})
    program = 'x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}", on_error="null")'
    machine.turn(program, lambda prompt: Failed("rate") if "two" in prompt else "fine")
    entry, step = machine.entries[-1], machine.steps()[-1]

    assert step.effects is not None
    assert [line.index for line in entry.effects] == [0, 1, 2]
    assert (step.effects.n, step.effects.ok, step.effects.failed) == (3, 2, 1)
    assert step.effects.root == root_of(lines_of(entry.effects))
    assert [(line.error, line.result is None) for line in entry.effects] == [("", False), ("rate", True), ("", False)]


def test_replies_are_kept_as_blobs() -> None:
    """The result of a call is a ref to a blob that holds the reply, byte for byte."""
    machine = Machine({"log": LOG})
    machine.turn('x = sub_lm("q")', lambda prompt: "réponse\r\n")
    entry = machine.entries[-1]
    kept = {item.ref: item.content for item in entry.blobs}

    assert entry.effects[0].result is not None
    assert kept[entry.effects[0].result] == "réponse\r\n".encode()
