"""Inputs that change or vanish during a run: no receipt rests on what was not there."""

import pytest

from rlmlite_kernel import (
    Answered,
    Blobs,
    Done,
    InputChangedError,
    MemoryBlobs,
    Role,
    Settings,
    Suspended,
    advance,
    begin,
    resume,
)
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.testing.play.turns import KEY, make_input
from rlmlite_kernel.values.blobs import Content
from tests.kernel.machine import LOG, Machine, parse_program


class ChangingBlobs(MemoryBlobs):
    """Blobs whose files change at will: `confirm` refuses once `changed` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()

    def confirm(self, digests: frozenset[str]) -> None:
        """Refuse contents whose files have changed."""
        for digest in sorted(digests & self.changed):
            raise InputChangedError("log.txt", digest[:8], "another size")


class LosingBlobs(ChangingBlobs):
    """Blobs that cannot even be read once they have changed."""

    def read(self, digest: str) -> Content:
        """Refuse to read what has changed."""
        self.confirm(frozenset({digest}))
        return super().read(digest)


def _changed(blobs: ChangingBlobs, program: str) -> Done | Suspended:
    content = make_input(blobs, LOG)
    state = begin(
        {"log": content, "other": make_input(blobs, "calm")}, Settings(roles={"sub": Role(model="m")}), KEY
    ).state
    now = advance(state, parse_program("kept = count(other)"), blobs)
    assert isinstance(now, Done)
    blobs.changed = {content.value.blob}  # type: ignore[union-attr]  # `given` of a str is a Text
    return advance(now.state, parse_program(program), blobs)


@pytest.mark.parametrize("kind", [ChangingBlobs, LosingBlobs])
@pytest.mark.parametrize(
    "program",
    [
        'a = count(other)\nb = search(log, "ERROR")\nc = count(other)',
        "a = count(other)\nb = json_parse(log)\nc = count(other)",
    ],
    ids=["a step that goes well", "a step that fails"],
)
def test_a_changed_file_discards_the_step(kind: type[ChangingBlobs], program: str) -> None:
    """The step that read a changed file leaves no receipt, the steps before it stay, and the run ends partial."""
    now = _changed(kind(), program)

    assert isinstance(now, Done)
    assert now.halted == "input_changed"
    assert [entry.record.op for entry in now.entries if isinstance(entry.record, Step)] == ["count"]
    assert "b" not in now.state.variables
    assert now.state.partial == ("input_changed",)


@pytest.mark.parametrize("kind", [ChangingBlobs, LosingBlobs])
def test_a_file_that_changes_while_calls_are_out_discards_their_step(kind: type[ChangingBlobs]) -> None:
    """Its prompts were made from the file, so the answers are not about the recorded input."""
    blobs: ChangingBlobs = kind()
    content = make_input(blobs, LOG)
    state = begin({"log": content}, Settings(roles={"sub": Role(model="m")}), KEY).state
    now = advance(state, parse_program('x = sub_lm("{log}")'), blobs)
    assert isinstance(now, Suspended)
    blobs.changed = {content.value.blob}  # type: ignore[union-attr]  # `given` of a str is a Text
    end = resume(now, [Answered("fine")], blobs)

    assert isinstance(end, Done)
    assert end.halted == "input_changed"


def test_missing_content_is_the_hosts_fault() -> None:
    """A store that lost a content makes `advance` raise; the state before it can still be used."""
    machine = Machine({"log": LOG})
    program = 'x = search(log, "ERROR")'
    empty: Blobs = MemoryBlobs()

    with pytest.raises(LookupError):
        advance(machine.state, parse_program(program), empty)
    assert machine.turn(program).startswith("x = 1 hits")
