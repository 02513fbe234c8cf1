"""Proofs of one step: made from a trace, checked from the file alone."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import rlmlite
from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces import READER_LIMITS, CheckedTrace, FileBlobs, Verdict, verify
from rlmlite_traces.errors import RootMismatchError
from rlmlite_traces.proofs.check import check
from rlmlite_traces.proofs.form import ProofBrokenError, StepProof, decode_proof, encode_proof
from rlmlite_traces.proofs.prove import UnprovableError, prove
from tests.traces.proofs.played_runs import played_runs, proofs_of
from tests.traces.proofs.tampering import is_accepted, tampered
from tests.traces.replays.test_golden import KEPT


def checked_alone(proof: StepProof) -> Verdict:
    """The verdict on a proof that was written to a file and read again."""
    return check(decode_proof(encode_proof(proof), READER_LIMITS)).verdict


@pytest.mark.parametrize("place", [place for place in KEPT if place.parent.name == "2.3"], ids=lambda place: place.stem)
def test_every_record_of_a_kept_trace_is_proved_alone(place: Path) -> None:
    """Steps of every family, with calls, over rows, held answers, refused replies; turns as well."""
    trace = verify(place)
    records = [
        record
        for record in trace.records
        if isinstance(record, Step) or (isinstance(record, Turn) and record.earlier is None)
    ]

    assert [(each.seq, checked_alone(prove(trace, each.seq))) for each in records] == [
        (each.seq, Verdict.REPRODUCED) for each in records
    ]


def test_a_trace_that_another_version_worded_is_proved_but_for_its_texts() -> None:
    """Its observations are not compared, and the verdict says so."""
    trace = verify(next(place for place in KEPT if place.parent.name == "2" and place.stem == "search"))
    found = check(prove(trace, 3))

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "worded" in found.unverifiable
    assert found.difference is None


@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])
@given(played_runs(turns=2))
def test_steps_of_generated_programs_are_proved_alone(run: tuple[CheckedTrace, FileBlobs]) -> None:
    """Whatever actions a program has, and whatever comes back from its calls."""
    assert {checked_alone(proof) for proof in proofs_of(*run)} == {Verdict.REPRODUCED}


@pytest.mark.slow
@settings(max_examples=400, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(played_runs())
def test_steps_of_many_generated_programs_are_proved_alone(run: tuple[CheckedTrace, FileBlobs]) -> None:
    """The same, more of them."""
    assert {checked_alone(proof) for proof in proofs_of(*run)} == {Verdict.REPRODUCED}


PROGRAM = """\
hits = search(log, "ERROR")
other = count(search(notes, "canary-of-a-statement"))
n = count(hits)
final(n, evidence=hits)
"""


@pytest.fixture
def trace(tmp_path: Path) -> CheckedTrace:
    (tmp_path / "app.log").write_text("one ERROR\ntwo\nthree ERROR\n")
    (tmp_path / "notes.txt").write_text("canary-of-an-input\n")
    place = tmp_path / "t.rlm"
    rlmlite.execute(PROGRAM, {"log": tmp_path / "app.log", "notes": tmp_path / "notes.txt"}, trace=place)
    return verify(place)


def step(trace: CheckedTrace, op: str) -> int:
    """The record of the first step of an action."""
    return next(record.seq for record in trace.records if isinstance(record, Step) and record.op == op)


def test_only_what_the_step_needs_is_in_the_file(trace: CheckedTrace) -> None:
    """No other input's content or path, no other statement's words, no value that it does not read."""
    found = encode_proof(prove(trace, step(trace, "search"), recorded_paths=True)).decode()
    counted = encode_proof(prove(trace, step(trace, "count"), recorded_paths=True)).decode()

    assert "three ERROR" in found
    for canary in ("canary-of-an-input", "canary-of-a-statement", "notes.txt"):
        assert canary not in found
        assert canary not in counted
    # What is counted are places; their text is not read.
    assert "three ERROR" not in counted
    assert "app.log" not in counted


def test_quotes_that_are_looked_up_in_all_inputs_need_all_of_them(tmp_path: Path) -> None:
    """Then their contents are what the step read."""
    (tmp_path / "a.txt").write_text("alpha\n")
    (tmp_path / "b.txt").write_text("beta\n")
    place = tmp_path / "q.rlm"
    inputs = {"a": tmp_path / "a.txt", "b": tmp_path / "b.txt"}
    rlmlite.execute('final("x", evidence="beta")', inputs, trace=place)
    proof = prove(verify(place), 2, recorded_paths=True)

    assert [each.text for each in proof.contents] == ["alpha\n", "beta\n"] or len(proof.contents) == 2
    assert checked_alone(proof) is Verdict.REPRODUCED


def test_a_larger_content_is_named_by_its_digest(tmp_path: Path) -> None:
    """The record is in the trace; it is not computed, and the verdict says why."""
    (tmp_path / "large.log").write_bytes(b"a line of a large log, ERROR\n" * 40_000)
    place = tmp_path / "l.rlm"
    program = 'n = count(search(log, "ERROR"))\nm = n + 1\nfinal(m)'
    rlmlite.execute(program, {"log": tmp_path / "large.log"}, trace=place)
    trace = verify(place)
    searched, added = prove(trace, 2, recorded_paths=True), prove(trace, 3, recorded_paths=True)
    found = check(searched)

    assert len(searched.larger) == 1
    assert len(encode_proof(searched)) < 10_000
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "larger" in found.unverifiable or "more than" in found.unverifiable
    # Whoever has the content gives it.
    store = FileBlobs()
    store.add_file(tmp_path / "large.log")
    assert check(searched, store=store).verdict is Verdict.REPRODUCED
    # A step that reads none of it needs none.
    assert checked_alone(added) is Verdict.REPRODUCED


@pytest.mark.parametrize("calls", ["1", 'sub_lm("what is {notes}?")'])
def test_a_message_that_lists_variables_is_proved(tmp_path: Path, calls: str) -> None:
    """It lists what the step saw: in the order of the turn, and nothing that still waited for its call."""
    (tmp_path / "notes.txt").write_text("one two\n")
    place, long = tmp_path / "n.rlm", "n" * 50
    program = (
        f"zulu = chunk(notes, 3)\n{long} = 2\nalpha = {calls}\n"
        'x = extract_over_chunks(zulu, "{absent} {chunk}?", schema={"a": str})\nfinal(alpha)'
    )
    rlmlite.execute(program, {"notes": tmp_path / "notes.txt"}, sub="extractive:", trace=place)
    trace = verify(place)
    proof = prove(trace, step(trace, "extract_over_chunks"), recorded_paths=True)

    assert proof.found.seen == ("notes", "zulu", *(["alpha"] if calls == "1" else []), "0")
    assert checked_alone(proof) is Verdict.REPRODUCED
    assert [path for path, _, data in tampered(proof) if is_accepted(data)] == []
    # Rows of the table in another order would be a second spelling of the same proof.
    assert not is_accepted(encode_proof(msgspec.structs.replace(proof, table=proof.table[::-1])))


def test_the_root_is_compared_with_a_known_one(trace: CheckedTrace) -> None:
    """A proof of another trace is refused."""
    proof = prove(trace, 2, recorded_paths=True)

    assert check(proof, trace.root).verdict is Verdict.REPRODUCED
    with pytest.raises(RootMismatchError):
        check(proof, "0" * 64)


def test_a_result_that_was_removed_cannot_be_proved(trace: CheckedTrace) -> None:
    """What comes before a record has to be executed, and its inputs have to be there."""
    with pytest.raises(UnprovableError, match="missing"):
        prove(trace, 2)
    with pytest.raises(UnprovableError, match="only steps and turns"):
        prove(trace, 0)


def test_a_turn_that_keeps_an_earlier_answer_is_not_proved() -> None:
    """What it makes a variable of is in no record before it; the steps after it can be proved."""
    trace = verify(next(place for place in KEPT if place.stem == "added"))
    turn = next(each for each in trace.records if isinstance(each, Turn) and each.earlier is not None)

    with pytest.raises(UnprovableError, match="an answer before it"):
        prove(trace, turn.seq)
    assert checked_alone(prove(trace, turn.seq + 1)) is Verdict.REPRODUCED


@pytest.mark.parametrize("data", [b"", b"{}\n", b"[]\n", b"\xff\n", b'{"form":"other"}\n', b"[" * 100_000 + b"\n"])
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ProofBrokenError):
        decode_proof(data, READER_LIMITS)


def test_a_proof_is_checked_without_a_parser_and_without_model_clients(trace: CheckedTrace, tmp_path: Path) -> None:
    """The check imports the kernel and nothing that could reach anything outside."""
    (tmp_path / "p.json").write_bytes(encode_proof(prove(trace, 2, recorded_paths=True)))
    program = (
        "import sys; from pathlib import Path; from rlmlite_traces import READER_LIMITS;"
        "from rlmlite_traces.proofs.check import check; from rlmlite_traces.proofs.form import decode_proof;"
        "print(check(decode_proof(Path(sys.argv[1]).read_bytes(), READER_LIMITS)).verdict.value);"
        "print(sorted({'asyncio', 'lark', 'openai', 'rlmlite', 'socket'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "p.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:2] == ["reproduced", "[]"]
