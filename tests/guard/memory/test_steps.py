"""Memory that runs out at any read of a turn: the step fails, all else goes on, and a replay gives the same."""

from collections.abc import Mapping, Sequence

import pytest

from rlmlite_kernel import Answered, Done, Entry, Limits, Suspended, Usage, advance, resume
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.run.turns import progress
from rlmlite_kernel.run.turns.outages import Outage, recorded_outage
from rlmlite_kernel.testing.play.turns import entry_bytes
from tests.guard.memory.scarce import ScarceBlobs
from tests.kernel.machine import Machine, parse_program

LOG = "".join(f"{n:03} {'ERROR disk' if n % 3 == 0 else 'INFO fine'} of {n}\n" for n in range(30))
DOCS = {"a.txt": LOG[:200], "b.txt": LOG[200:]}

PROGRAMS = {
    "looks": "a = search(log, /ERROR/)\nb = count(a)\nc = log[0:20]\nshow(a)\nd = 1",
    "a call between": 'a = search(log, "ERROR")\nb = sub_lm("how many? {a}")\nc = count(a)\nd = [b, c]',
    "a chain": 'a = sub_lm("one {log}")\nb = sub_lm("two {a}")\nc = [a, b]\npreview(log)',
    "a fan-out": (
        'p = chunk(log, size=400)\nr = extract_over_chunks(p, "{chunk}?")\n'
        's = map(r, .value)\nt = sub_lm("all: {s}")\nfinal(t)'
    ),
    "side by side": (
        'p = chunk(log, size=700)\nr = extract_over_chunks(p, "{chunk}?")\nw = log[5:60]\n'
        'q = sub_lm("see {w}")\nn = count(search(log, "fine"))\nfinal({r: r, q: q, n: n}, evidence=w)'
    ),
    "shown late": 'x = sub_lm("?")\na = log[0:50]\nb = sub_lm("{a}!")\nshow(a)\nc = [x, b]',
    "rounds": 'k = classify(rows, ["x", "y"], by="{t}")\nn = count(k)\ngroup(k, by=label)',
    "documents": 'h = search(docs, /of (\\d+)/)\nu = rank(docs, "disk 12")\nm = count(lines(docs))\nnote("seen")',
    "overwritten": "a = 1\na = search(log, /INFO/)\nb = a\na = count(log)\nc = a",
    "no room": 'p = chunk(log, size=100)\nr = extract_over_chunks(p, "{chunk}?", min_ok=0)\nb = count(r)',
}


def machine_of(blobs: ScarceBlobs, name: str) -> Machine:
    """The run that a program is for."""
    inputs: Mapping[str, object] = {"log": LOG, "docs": DOCS, "rows": [{"t": "one"}, {"t": "two"}]}
    limits = Limits(tokens=700) if name == "no room" else Limits()
    machine = Machine(inputs, blobs=blobs, limits=limits)
    blobs.asked = 0
    return machine


def answers_of(suspended: Suspended, blobs: ScarceBlobs) -> list[Answered]:
    """An answer to each request that depends on nothing but the call."""
    failing, blobs.failing = blobs.failing, ()
    results = [Answered(f"{request.digest[:8]}: x", Usage(9, 3)) for request in suspended.requests]
    blobs.failing = failing
    return results


def play(
    machine: Machine,
    program: str,
    blobs: ScarceBlobs,
    outages: Mapping[int, Outage] | None = None,
    stepwise: bool = False,
) -> tuple[Done, list[Entry]]:
    """One turn to its end."""
    said = parse_program(program)
    now = advance(machine.state, said, blobs, outages=outages, stepwise=stepwise)
    entries = [*now.entries]
    while isinstance(now, Suspended):
        now = resume(now, answers_of(now, blobs), blobs)
        entries += now.entries
    return now, entries


def steps_of(entries: Sequence[Entry]) -> list[Step]:
    """The records of steps."""
    return [entry.record for entry in entries if isinstance(entry.record, Step)]


def outages_of(entries: Sequence[Entry]) -> dict[int, Outage]:
    """What a replay is told."""
    found = {step.step: recorded_outage(step) for step in steps_of(entries)}
    return {number: outage for number, outage in found.items() if outage is not None}


def reads_of(name: str) -> Sequence[int]:
    """The numbers of reads in an undisturbed turn; of many, some that are spread over all."""
    blobs = ScarceBlobs()
    play(machine_of(blobs, name), PROGRAMS[name], blobs)
    return range(0, blobs.asked, max(1, blobs.asked // 12))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("times", [1, 3, 1_000])
def test_an_outage_at_any_read(name: str, times: int) -> None:
    """Wherever it strikes, once or from then on: the turn ends, and a replay that is told gives the same bytes."""
    struck = 0
    for first in reads_of(name):
        blobs = ScarceBlobs(range(first, first + times))
        try:
            done, entries = play(machine_of(blobs, name), PROGRAMS[name], blobs)
        except MemoryError:
            continue  # no step can be blamed: nothing has changed, see `tests.guard.memory.test_hosts`
        outages = outages_of(entries)
        whole = ScarceBlobs()
        again, replayed = play(machine_of(whole, name), PROGRAMS[name], whole, outages)
        struck += bool(outages)

        assert entry_bytes(replayed) == entry_bytes(entries)
        assert again.state.digest == done.state.digest
        assert again.observation == done.observation
    assert struck or not reads_of(name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_budgets_are_the_sum_of_the_records(name: str) -> None:
    """Whatever an outage undoes: what the state says is used is what its records add up to."""
    for first in reads_of(name):
        blobs = ScarceBlobs({first})
        machine = machine_of(blobs, name)
        before = dict(machine.state.used)
        done, entries = play(machine, PROGRAMS[name], blobs)
        total = {**before, "turns": 1}
        for step in steps_of(entries):
            for budget, amount in step.used.items():
                total[budget] = total.get(budget, 0) + amount
        total["value_bytes"] = done.state.variables.size_bytes

        assert dict(done.state.used) == total


@pytest.mark.parametrize("name", PROGRAMS)
def test_steps_one_by_one_give_the_same(name: str) -> None:
    """A host that writes each record before the next step runs gets the same records."""
    for first in reads_of(name):
        whole, single = ScarceBlobs({first}), ScarceBlobs({first})
        _, together = play(machine_of(whole, name), PROGRAMS[name], whole)
        _, stepwise = play(machine_of(single, name), PROGRAMS[name], single, stepwise=True)

        assert entry_bytes(stepwise) == entry_bytes(together)


def test_others_go_on() -> None:
    """Steps that do not need the failed one run, those that do are skipped, and the observation says why."""
    blobs = ScarceBlobs()
    machine = machine_of(blobs, "looks")
    blobs.failing = {0}
    seen = machine.turn("a = search(log, /ERROR/)\nb = count(a)\nc = 1")

    assert machine.codes() == ["out_of_memory", "depends", ""]
    assert "a: failed (out_of_memory): " in seen
    assert "a" not in machine.state.variables
    assert machine.value("c") == 1


def test_the_old_value_stays() -> None:
    """A variable keeps the value that it had before the turn, as with any failed step."""
    blobs = ScarceBlobs()
    machine = machine_of(blobs, "looks")
    machine.turn("a = 7")
    blobs.failing = range(blobs.asked, 10_000)
    machine.turn("a = search(log, /ERROR/)\nb = a")

    assert machine.codes() == ["out_of_memory", "depends"]
    assert machine.value("a") == 7


def test_paid_calls_stay_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that runs out after a fan-out leaves its calls, their tokens and their answers on the record."""
    program = 'r = extract_over_chunks(chunk(log, size=400), "{chunk}?")\nb = 1'
    blobs = ScarceBlobs()
    machine = machine_of(blobs, "a fan-out")
    now = advance(machine.state, parse_program(program), blobs)
    assert isinstance(now, Suspended)
    answers = answers_of(now, blobs)

    def starve(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as starved:
        starved.setattr(progress, "settle_calls", starve)
        done = resume(now, answers, blobs)
    entries = [*now.entries, *done.entries]
    chunked, read, after = steps_of(entries)
    _, replayed = play(machine, program, blobs, outages_of(entries))

    assert (chunked.code, read.code, after.code) == ("", "out_of_memory", "")
    assert read.effects is not None
    assert read.effects.n == len(answers)
    assert read.used["tokens"] == 12 * len(answers)
    assert entry_bytes(replayed) == entry_bytes(entries)
