"""An old trace keeps its meaning: flags that a replay follows, and texts that another version worded."""

from pathlib import Path

import msgspec
import pytest

from rlmlite.inputs import deriving, from_path
from rlmlite_grammar import parse
from rlmlite_kernel import Done, Entry, RunKey, advance, begin, seal
from rlmlite_kernel.records import evolution
from rlmlite_kernel.records.evolution import FLAGS, MEDIAN_OF_ONE, RENDERING
from rlmlite_kernel.records.records import Genesis, Observed, Step
from rlmlite_kernel.records.refs import blob
from rlmlite_traces import CheckedTrace, FileBlobs, Log, UnknownFormatError, Verdict, replay, verify
from tests.traces.replays import real_runs
from tests.traces.replays.forging import Change, forge, with_fields

HUGE = 1.7e308
TABLE = "key,x\n" + "".join(f"{min(n, 1)},{0.5 if n else HUGE}\n" for n in range(1_001))


def median_of_each(path: Path, flags: tuple[int, ...]) -> object:
    """The answer of a run with these flags: the median of one huge number, beside a thousand others."""
    blobs = FileBlobs()
    table = path.with_suffix(".csv")
    table.write_text(TABLE)
    inputs = {"table": from_path(str(table), blobs)}
    begun = begin(inputs, real_runs.settings(), RunKey(real_runs.KEY), grammar="0" * 64, flags=flags)
    program = "groups = group(table, .key, {m: median(.x)})\nfinal(groups[0].m)"
    with Log.create(path, real_runs.KEY) as log:
        log.extend(begun.entries)
        done = advance(begun.state, parse(program), blobs)
        assert isinstance(done, Done)
        log.extend(done.entries)
        log.extend([seal(done.state)])
        assert done.state.answer is not None
        return done.state.answer.value


def test_a_new_run_holds_every_flag(honest_run: CheckedTrace) -> None:
    """The genesis lists all changes of meaning so far, and the wording of today."""
    assert honest_run.genesis.flags == tuple(sorted(FLAGS))
    assert honest_run.genesis.rendering == RENDERING


def test_a_replay_follows_the_flags_of_the_trace(tmp_path: Path) -> None:
    """A run from before a change gives what it gave, and so does its replay; one from after gives the new value."""
    before = median_of_each(tmp_path / "old.rlm", ())
    after = median_of_each(tmp_path / "new.rlm", (MEDIAN_OF_ONE,))

    assert before != after == HUGE
    for name in ("old.rlm", "new.rlm"):
        assert replay(verify(tmp_path / name), derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_a_trace_cannot_claim_another_meaning(tmp_path: Path) -> None:
    """Flags that are changed afterwards give other values, which the replay finds."""
    median_of_each(tmp_path / "old.rlm", ())

    found = replay(
        forge(verify(tmp_path / "old.rlm"), with_fields(Genesis, 0, flags=(MEDIAN_OF_ONE,))),
        derive=deriving(),
        recorded_paths=True,
    )

    assert found.verdict is Verdict.FORGED


def test_a_flag_that_is_not_known_is_refused(honest_run: CheckedTrace) -> None:
    """What it means is not guessed; the trace still verifies."""
    later = forge(honest_run, with_fields(Genesis, 0, flags=(MEDIAN_OF_ONE, 999)))

    with pytest.raises(UnknownFormatError, match="flag 999"):
        replay(later, recorded_paths=True)


def reword(trace: CheckedTrace, *changes: Change) -> CheckedTrace:
    """The trace as another version would have worded it: every text of an observation is another one."""

    def change(entries: list[Entry]) -> list[Entry]:
        texts = []
        for at, entry in enumerate(entries):
            step = entry.record
            if isinstance(step, Step) and step.observation.ref is not None:
                text = blob(RunKey(real_runs.KEY), f"said otherwise: {at}".encode())
                texts.append(text)
                shown = step.observation
                other = Observed(ref=text.ref, size=len(text.content), origins=shown.origins, cut=shown.cut)
                entries[at] = Entry(msgspec.structs.replace(step, observation=other), entry.blobs, entry.effects)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, *texts))
        entries = with_fields(Genesis, 0, rendering=RENDERING - 1)(entries)
        for each in changes:
            entries = each(entries)
        return entries

    return forge(trace, change)


def test_texts_of_another_wording_are_not_compared(honest_run: CheckedTrace) -> None:
    """Everything else is, and the replay says that it did not compare them: it does not pass for reproduced."""
    found = replay(reword(honest_run), recorded_paths=True)

    assert (found.verdict, found.texts_compared) == (Verdict.UNVERIFIABLE, False)
    assert list(found.unchecked) == ["observations"]
    assert found.executed == found.steps
    assert replay(honest_run, recorded_paths=True).texts_compared


def test_the_same_wording_is_compared(honest_run: CheckedTrace) -> None:
    """Another text under today's number is a forgery."""
    found = replay(reword(honest_run, with_fields(Genesis, 0, rendering=RENDERING)), recorded_paths=True)

    assert (found.verdict, found.texts_compared) == (Verdict.FORGED, True)


@pytest.mark.parametrize(
    ("number", "field", "value"),
    [
        (0, "used", {"steps": 1, "search_work": 1}),
        (0, "coverage", {"log": (9_999, 0, 1)}),
        (1, "state", "0" * 64),
        (3, "priced", {"sub_calls": 3}),
        (1, "status", "skipped"),
    ],
)
def test_all_but_the_texts_is_still_compared(honest_run: CheckedTrace, number: int, field: str, value: object) -> None:
    """Values, refs, budgets, coverage and codes of a trace that another version worded cannot be altered."""
    fields = {field: value, **({"code": "depends"} if field == "status" else {})}

    found = replay(reword(honest_run, with_fields(Step, number, **fields)), recorded_paths=True)

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.field.startswith((field, "code"))


def test_what_was_shown_is_not_compared(tmp_path: Path) -> None:
    """How much data stands in a text is its wording; what was read and scanned is compared."""
    blobs = FileBlobs()
    inputs = {"log": real_runs.text_input("x" * 50_000 + "\nERROR\n", blobs)}
    programs = ("preview(log, head=400)", 'h = search(log, "ERROR")', "final(count(h))")
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs)
    trace = verify(tmp_path / "a.rlm")
    step = next(record for record in trace.records if isinstance(record, Step))
    shown, read, scanned = step.coverage["log"]

    less = replay(
        reword(trace, with_fields(Step, 0, coverage={"log": (shown - 7, read, scanned)})), recorded_paths=True
    )
    other = replay(
        reword(trace, with_fields(Step, 0, coverage={"log": (shown, read, scanned + 7)})), recorded_paths=True
    )

    assert (less.verdict, less.difference) == (Verdict.UNVERIFIABLE, None)
    assert other.verdict is Verdict.FORGED


def test_every_flag_has_a_number_of_its_own() -> None:
    """Two names for one number would be one change of meaning, which a replay could not tell apart."""
    named = {name: value for name, value in vars(evolution).items() if name.isupper() and isinstance(value, int)}
    numbers = [number for name, number in named.items() if name not in ("FORMAT", "RENDERING", "UNNAMED_RENDERING")]

    assert sorted(numbers) == sorted(evolution.FLAGS)
    assert len(set(numbers)) == len(numbers)
