"""Show: a trace as lines for people."""

import msgspec

from rlmlite_kernel.records.records import Entry, Step
from rlmlite_traces import neutral, show, verify
from tests.traces import handmade


def lines(entries: list[Entry]) -> list[str]:
    return list(show(verify(handmade.unchecked_trace(handmade.encode(entries)[0]))))


def test_one_line_for_each_record() -> None:
    """The first line says what the trace is; each record has one with what it did."""
    shown = lines(handmade.run())

    assert shown[0].startswith("SEALED 7 records root ")
    assert shown[1:] == [
        "    0 genesis  run r1 kernel 0.1.0 inputs log: text 24",
        "    1 turn 1  lm program",
        "    2 step 1  let  log -> x: int 8  ok",
        "    3 step 2  ask  log -> x: int 8  ok  calls 4 (1 failed) cost $6.000000000",
        "    4 turn 2  lm program",
        "    5 step 3  let  log -> x: int 8  ok",
        "    6 seal  completed - after 3 steps",
    ]


def test_unknown_cost_is_not_nothing() -> None:
    """Calls whose cost is unknown are counted apart, and a failed step names its fault."""
    entries = handmade.run(sealed=False)
    step = entries[2].record
    assert isinstance(step, Step)
    bad = msgspec.structs.replace(step, status="failed", code="type", writes=(), reads=())
    made_calls = handmade.step(2, 1, 1, count=2)
    unknown = [msgspec.structs.replace(call, usage=(None, None, None)) for call in made_calls.effects]
    calls = handmade.with_calls(made_calls, unknown)

    shown = lines([*entries[:2], Entry(bad, entries[2].blobs), calls])

    assert shown[0].startswith("OPEN 4 records")
    assert shown[3].endswith("let  - -> -  failed (type)")
    assert shown[4].endswith("calls 2 (0 failed) cost $0.000000000 + 2 unknown")


def test_nothing_steers_the_terminal() -> None:
    """Escape codes, control characters and marks that turn text around are written out, wherever they stand."""
    hostile = "\x1b]0;owned\x07\x9b31m\u202e\n"
    entries = handmade.run()
    step = entries[2].record
    assert isinstance(step, Step)
    entries[2] = Entry(msgspec.structs.replace(step, op=hostile), entries[2].blobs)
    entries[0] = Entry(msgspec.structs.replace(entries[0].record, kernel=hostile), entries[0].blobs)

    shown = "".join(lines(entries))

    assert shown.isprintable()
    assert shown.count("\\u001b]0;owned\\u0007\\u009b31m\\u202e\\u000a") == 2
    assert neutral("Zoë 中 🙂 ok") == "Zoë 中 🙂 ok"
