"""The machine, one transition after another: begin, advance, suspend, resume, done, seal."""

import hashlib

import msgspec
import pytest

from rlmlite_kernel import (
    Answered,
    Blobs,
    Done,
    Failed,
    InputChangedError,
    Limits,
    MemoryBlobs,
    Parsed,
    Problem,
    Program,
    Role,
    RunKey,
    Settings,
    SettingsError,
    Spoken,
    Suspended,
    TurnsSpentError,
    Unparsed,
    Usage,
    advance,
    begin,
    conclusion,
    render,
    resume,
    seal,
)
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Genesis, Seal, Step, Turn
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.values.blobs import Content
from tests.kernel.machine import KEY, Machine, all_bytes, given, parsed

LOG = "one\nERROR two\nthree\n"
UNREADABLE = Unparsed("I would look for errors.", (Problem("syntax", "no program here"),))


def test_begin_gives_the_genesis_record() -> None:
    """A run begins with one record, no observation, and no turn used."""
    machine = Machine({"log": LOG})
    (entry,) = machine.entries
    record = entry.record

    assert isinstance(record, Genesis)
    assert [item.name for item in record.inputs] == ["log"]
    assert (record.inputs[0].kind, record.inputs[0].size) == ("text", len(LOG))
    assert record.state == machine.state.digest
    assert (machine.done.observation, machine.state.turn, machine.state.left("turns")) == ("", 0, 30)


def test_genesis_holds_the_settings_and_the_input_as_blobs() -> None:
    """What a run may cost and what was handed over in memory can be read from the trace."""
    (entry,) = Machine({"log": LOG}).entries
    contents = [item.content for item in entry.blobs]

    assert LOG.encode() in contents
    assert any(b'"max_output_tokens"' in content for content in contents)


def test_a_turn_without_calls_is_done_at_once() -> None:
    """No call, no suspension: one turn record, then one step record for each action."""
    machine = Machine({"log": LOG})
    now = machine.advance('hits = search(log, "ERROR")\nn = count(hits)')

    assert isinstance(now, Done)
    assert [type(entry.record) for entry in now.entries] == [Turn, Step, Step]


def test_the_turn_record_names_who_spoke_and_what() -> None:
    """Reply, program and AST are refs to blobs that stand beside the record."""
    machine = Machine({"log": LOG})
    text = "n = count(log)"
    call = Spoken(
        role="controller",
        model="m",
        prompt=machine.state.commit("?"),
        prompt_bytes=1,
        max_output_tokens=9,
        usage=(10, 2, None),
    )
    now = advance(machine.state, parsed(text), machine.blobs, reply=f"Sure: {text}", origin="controller", call=call)
    record, blobs = now.entries[0].record, {item.ref: item.content for item in now.entries[0].blobs}

    assert isinstance(record, Turn)
    assert (record.turn, record.origin, record.call, record.diagnostics) == (1, "controller", call, None)
    assert record.used == {"turns": 1, "tokens": 12}
    assert record.reply is not None
    assert record.program is not None
    assert record.ast is not None
    assert blobs[record.reply] == f"Sure: {text}".encode()
    assert blobs[record.program] == text.encode()
    assert msgspec.json.decode(blobs[record.ast], type=Parsed) == msgspec.structs.replace(parsed(text), text="")


def test_a_step_record_says_what_was_read_written_and_used() -> None:
    """One action: its reads and writes by ref, its charges, its place in program and run."""
    machine = Machine({"log": LOG})
    machine.turn('hits = search(log, "ERROR")')
    (step,) = machine.steps()
    variables = machine.state.variables

    assert (step.op, step.turn, step.step, step.statement) == ("search", 1, 1, 0)
    assert (step.status, step.code, step.effects) == ("ok", "", None)
    assert step.reads == (("log", variables["log"].ref),)
    assert [(w.name, w.kind, w.ref) for w in step.writes] == [("hits", "hits", variables["hits"].ref)]
    assert step.used["steps"] == 1
    assert step.used["search_work"] > 0
    assert step.coverage["log"][2] == len(LOG)


def test_the_observation_in_the_record_is_what_was_shown() -> None:
    """The ref and the size of a step's observation are those of the text that went back."""
    machine = Machine({"log": LOG})
    shown = machine.turn('hits = search(log, "ERROR")')
    (step,) = machine.steps()
    kept = {item.ref: item.content for item in machine.entries[-1].blobs}

    assert kept[step.observation.ref] == shown.encode()
    assert step.observation.size == len(shown.encode())


def test_digests_chain_through_turns_and_steps() -> None:
    """Each record begins in the state in which the one before ended, over turns, suspensions and failures."""
    machine = Machine({"log": LOG})
    for program in ("a = count(log)\nb = nope", 'c = sub_lm("q")\nd = count(log)', 'forget("a")', "final(d)"):
        machine.turn(program)
    before = machine.entries[0].record.state
    for entry in machine.entries[1:]:
        assert isinstance(entry.record, Turn | Step)
        assert entry.record.state[0] == before
        before = entry.record.state[1]

    assert before == machine.state.digest


def test_step_numbers_run_through() -> None:
    """Steps are counted over the whole run, those that failed or were skipped included."""
    machine = Machine({"log": LOG})
    for program in ("a = nope\nb = a\nc = 1", "d = count(sort([2, 1]))"):
        machine.turn(program)
    numbers = [entry.record.step for entry in machine.entries if isinstance(entry.record, Step)]

    assert numbers == list(range(1, 6))
    assert machine.state.step == 5


def test_suspended_entries_are_only_what_is_finished() -> None:
    """While a step waits, its record and those after it are not written yet."""
    now = Machine({"log": LOG}).advance('a = count(log)\nb = sub_lm("q")\nc = count(log)')

    assert isinstance(now, Suspended)
    assert [entry.record.op for entry in now.entries if isinstance(entry.record, Step)] == ["count"]


def test_resume_goes_on_where_the_turn_stood() -> None:
    """Records of both halves together are those of the whole turn, each once."""
    machine = Machine({"log": LOG})
    now = machine.advance('a = count(log)\nb = sub_lm("q")\nc = [a, b]')
    assert isinstance(now, Suspended)
    done = resume(now, [Answered("yes")], machine.blobs)
    ops = [e.record.op for e in (*now.entries, *done.entries) if isinstance(e.record, Step)]

    assert isinstance(done, Done)
    assert ops == ["count", "sub_lm", "write_var"]


def test_a_chain_of_calls_suspends_as_often_as_it_must() -> None:
    """A call that needs an answer of another waits for it."""
    machine = Machine({"log": LOG})
    machine.turn('a = sub_lm("one")\nb = sub_lm("two {a}")\nc = sub_lm("three {b}")')

    assert machine.waves == [1, 1, 1]


def test_seal_without_an_answer_is_a_failure() -> None:
    """A run that never reached `final` failed, for want of an answer."""
    record = seal(Machine({"log": LOG}).state).record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason, record.result, record.steps) == ("failed", "no_answer", None, 0)


def test_seal_of_an_answer_completes() -> None:
    """The seal holds the answer and its evidence as a blob, and the state that the run ended in."""
    machine = Machine({"log": LOG})
    machine.turn('final({n: 1}, evidence="ERROR two")')
    entry = seal(machine.state)
    record = entry.record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason, record.state) == ("completed", "", machine.state.digest)
    assert [item.ref for item in entry.blobs] == [record.result]
    assert msgspec.json.decode(entry.blobs[0].content)["value"] == {"n": 1}


def test_a_bound_that_bit_makes_the_run_partial() -> None:
    """An answer that rests on failed calls is partial, and the reason is their code."""
    machine = Machine({"log": LOG})
    program = 'x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}", on_error="null")\nfinal(x)'
    machine.turn(program, lambda prompt: Failed("timeout") if "ERROR" in prompt else "ok")

    assert conclusion(machine.state) == ("partial", "calls_failed")


def test_a_host_may_say_the_outcome_itself() -> None:
    """The seal takes another outcome and reason when the host gives one."""
    record = seal(Machine({"log": LOG}).state, "refused", "policy").record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason) == ("refused", "policy")


def test_a_later_turn_withdraws_the_answer() -> None:
    """An answer is that of the last turn: going on after `final` means that it was not the end."""
    machine = Machine({"log": LOG})
    machine.turn("final(1)")
    machine.turn("x = 2")

    assert machine.state.answer is None


def test_prose_costs_one_turn_and_nothing_else() -> None:
    """A reply that holds no program leaves variables, coverage, steps and notes as they were."""
    machine = Machine({"log": LOG})
    before = machine.state
    now = advance(before, UNREADABLE, machine.blobs)
    assert isinstance(now, Done)
    after = now.state

    assert after.left("turns") == before.left("turns") - 1
    assert (after.variables, after.coverage, after.step, after.notes) == (
        before.variables,
        before.coverage,
        before.step,
        before.notes,
    )
    assert {name: n for name, n in after.used.items() if name != "turns"} == dict(before.used)


def test_prose_is_answered_with_its_diagnostics() -> None:
    """The observation says what was wrong, and the turn record holds the diagnostics in place of an AST."""
    machine = Machine({"log": LOG})
    now = advance(machine.state, UNREADABLE, machine.blobs)
    record = now.entries[0].record

    assert isinstance(now, Done)
    assert "no program here" in now.observation
    assert isinstance(record, Turn)
    assert record.ast is None
    assert record.diagnostics is not None
    assert len(now.entries) == 1


def test_no_turn_left_is_said_and_changes_nothing() -> None:
    """`advance` after the last turn raises, for a program and for prose alike."""
    machine = Machine({"log": LOG}, limits=Limits(turns=1))
    machine.turn("a = 1")
    digest = machine.state.digest
    for said in (parsed("b = 2"), UNREADABLE):
        with pytest.raises(TurnsSpentError):
            advance(machine.state, said, machine.blobs)

    assert machine.state.digest == digest


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

    assert all_bytes(again.entries) == all_bytes(expected.entries)


def test_one_suspension_resumed_twice_gives_equal_bytes() -> None:
    """A suspended turn is data: resuming it uses nothing of it up."""
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
        return all_bytes(entries), turn.state.digest, turn.observation

    assert ended() == ended()


def test_one_suspension_resumed_with_other_answers_goes_another_way() -> None:
    """What-if: two branches from one suspension do not touch each other."""
    machine = Machine({"log": LOG})
    now = machine.advance('x = sub_lm("q")\ny = x + "!"')
    assert isinstance(now, Suspended)
    ends = [resume(now, [Answered(text)], machine.blobs) for text in ("a", "b", "a")]
    values = [end.state.variables["y"].data.value for end in ends if isinstance(end, Done)]

    assert values == ["a!", "b!", "a!"]
    assert all_bytes(ends[0].entries) == all_bytes(ends[2].entries)


def test_advancing_again_asks_the_same() -> None:
    """To go on in another process: the same state and program give the same requests, by id, digest and text."""
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
    assert step.effects.root == root_of(map(record_bytes, entry.effects))
    assert [(line.error, line.result is None) for line in entry.effects] == [("", False), ("rate", True), ("", False)]


def test_replies_are_kept_as_blobs() -> None:
    """The result of a call is a ref to a blob that holds the reply, byte for byte."""
    machine = Machine({"log": LOG})
    machine.turn('x = sub_lm("q")', lambda prompt: "réponse\r\n")
    entry = machine.entries[-1]
    kept = {item.ref: item.content for item in entry.blobs}

    assert entry.effects[0].result is not None
    assert kept[entry.effects[0].result] == "réponse\r\n".encode()


def test_blobs_carry_the_salt_that_makes_their_ref() -> None:
    """Every blob of a run can be checked by itself."""
    machine = Machine({"log": LOG})
    machine.turn('x = sub_lm("q {log}")\nfinal(x)')
    for entry in machine.entries:
        for item in entry.blobs:
            assert blob(KEY, item.content) == item


def test_a_cost_limit_needs_prices() -> None:
    """A cost limit with a model of unknown price is refused before the run begins."""
    settings = Settings(limits=Limits(cost_nano=1), roles={"sub": Role(model="m", input_price=1)})

    with pytest.raises(SettingsError, match="price of m"):
        begin({}, settings, KEY)


def test_the_run_key_hides_and_nothing_else() -> None:
    """Another key gives other refs and another run id, but the same observations and values."""
    blobs = MemoryBlobs()
    settings = Settings()
    ends = []
    for key in (KEY, RunKey(b"another key of a run")):
        begun = begin({"log": given(blobs, LOG)}, settings, key)
        end = advance(begun.state, parsed('x = search(log, "ERROR")'), blobs)
        assert isinstance(end, Done)
        ends.append(end)

    assert ends[0].observation == ends[1].observation
    assert ends[0].state.digest != ends[1].state.digest


def test_an_empty_program_is_a_turn_with_no_step() -> None:
    """A program of no statements, as a host can build one, costs its turn."""
    machine = Machine({"log": LOG})
    now = advance(machine.state, Parsed(Program(())), machine.blobs)

    assert isinstance(now, Done)
    assert (len(now.entries), now.observation, now.state.turn) == (1, "", 1)


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
    content = given(blobs, LOG)
    state = begin({"log": content, "other": given(blobs, "calm")}, Settings(roles={"sub": Role(model="m")}), KEY).state
    now = advance(state, parsed("kept = count(other)"), blobs)
    assert isinstance(now, Done)
    blobs.changed = {content.value.blob}  # type: ignore[union-attr]  # `given` of a str is a Text
    return advance(now.state, parsed(program), blobs)


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
    """The step that read it leaves no receipt, what was before stays, and the run ends partial."""
    now = _changed(kind(), program)

    assert isinstance(now, Done)
    assert now.halted == "input_changed"
    assert [entry.record.op for entry in now.entries if isinstance(entry.record, Step)] == ["count"]
    assert "b" not in now.state.variables
    assert now.state.partial == ("input_changed",)


@pytest.mark.parametrize("kind", [ChangingBlobs, LosingBlobs])
def test_a_file_that_changes_while_calls_are_out_discards_their_step(kind: type[ChangingBlobs]) -> None:
    """The prompts were made from it, so their answers are not about what the run was given."""
    blobs: ChangingBlobs = kind()
    content = given(blobs, LOG)
    state = begin({"log": content}, Settings(roles={"sub": Role(model="m")}), KEY).state
    now = advance(state, parsed('x = sub_lm("{log}")'), blobs)
    assert isinstance(now, Suspended)
    blobs.changed = {content.value.blob}  # type: ignore[union-attr]  # `given` of a str is a Text
    end = resume(now, [Answered("fine")], blobs)

    assert isinstance(end, Done)
    assert end.halted == "input_changed"


def test_missing_content_is_the_hosts_fault() -> None:
    """A store that lost a content stops the advance; the state that was there still works elsewhere."""
    machine = Machine({"log": LOG})
    program = 'x = search(log, "ERROR")'
    empty: Blobs = MemoryBlobs()

    with pytest.raises(LookupError):
        advance(machine.state, parsed(program), empty)
    assert machine.turn(program).startswith("x = 1 hits")
