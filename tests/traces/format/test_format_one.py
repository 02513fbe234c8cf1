"""Format 1 is read by its own rules, which are as strict as they were."""

import pytest

from rlmlite_traces import TraceBrokenError, TraceError, UnknownFormatError, Verdict, replay, verify
from rlmlite_traces.format.reader import UncheckedTrace
from rlmlite_traces.writing.log import Log
from tests.traces import handmade
from tests.traces.format.old_traces import KEPT, OLD_BROKEN, Json, alter, first_step
from tests.traces.format.sealed_trace import check


@pytest.mark.parametrize("name", OLD_BROKEN)
def test_each_old_rule_has_its_vector(name: str) -> None:
    """Each rule is broken by one trace that keeps the others; the error names the rule."""
    with pytest.raises(TraceBrokenError) as error:
        check(OLD_BROKEN[name]())

    assert error.value.check == name


def test_what_actions_meant_is_nothing_to_a_verifier() -> None:
    """A trace of another `semantics` number verifies: whether it is whole does not depend on that."""

    def later(records: list[Json], calls: list[Json]) -> None:
        records[0]["semantics"] = 7

    trace = verify(_unchecked(alter(later)))

    assert trace.genesis.v == 1
    assert trace.size > 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reads", [["log", "0" * 64]]),
        ("used", {"steps": 2}),
        ("coverage", {"docs": [0, 0, 0], "log": [1, 2, 3]}),
        ("priced", {"sub_calls": 99}),
        ("code", "type"),
    ],
)
def test_an_altered_old_record_is_forged(field: str, value: object) -> None:
    """Re-execution finds it, as it finds one in a trace of today, though today's records say less."""

    def lie(records: list[Json], calls: list[Json]) -> None:
        step = first_step(records)
        step[field] = value
        if field == "code":
            step["status"] = "failed"

    found = replay(verify(_unchecked(alter(lie))))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.field.startswith(field if field != "code" else ("code", "status"))


@pytest.mark.parametrize("field", ["rendered", "id", "role", "prompt_bytes"])
def test_an_altered_old_call_is_forged(field: str) -> None:
    """Every field of a call is computed again, also those that are not written any more."""

    def lie(records: list[Json], calls: list[Json]) -> None:
        calls[0][field] = {"rendered": "0" * 64, "id": "0" * 32, "role": "repair", "prompt_bytes": 1}[field]

    found = replay(verify(_unchecked(alter(lie))))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert "effects" in found.difference.field


def test_an_unknown_format_is_refused() -> None:
    """It is recognized by its number, before anything else is read."""

    def later(records: list[Json], calls: list[Json]) -> None:
        records[0]["v"] = 99

    with pytest.raises(UnknownFormatError, match="format 99"):
        verify(_unchecked(alter(later)))


def test_an_old_trace_is_not_written_on(tmp_path: object) -> None:
    """An open trace of format 1 can be read; a log that would mix two formats refuses it and changes nothing."""
    import shutil
    from pathlib import Path

    place = Path(str(tmp_path)) / "old.rlm"
    shutil.copytree(KEPT / "fan-out.rlm", place)
    records = (place / "trace.jsonl").read_bytes().splitlines(keepends=True)
    (place / "trace.jsonl").write_bytes(b"".join(records[:-1]))
    (place / "run.key").write_text(handmade.KEY.hex())
    before = (place / "trace.jsonl").read_bytes()

    with pytest.raises(UnknownFormatError, match="format 1"):
        Log.open(place)

    assert (place / "trace.jsonl").read_bytes() == before


def _unchecked(files: dict[str, bytes]) -> UncheckedTrace:
    return handmade.unchecked_trace(files)


def test_the_helpers_change_only_what_they_say() -> None:
    """Without a change, the rebuilt trace is the kept one."""
    same = alter(lambda records, calls: None)

    assert same["trace.jsonl"] == (KEPT / "fan-out.rlm" / "trace.jsonl").read_bytes()
    with pytest.raises(TraceError):
        check({**same, "trace.jsonl": same["trace.jsonl"][:-5]})
