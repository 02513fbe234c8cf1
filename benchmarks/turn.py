"""What does a controller's turn cost, with its receipt?

The turn has three statements: a slice, a look, a count. Anchor: bare `exec` of three such lines of Python over the
same text, and for a large input the same turn over a small one. `exec` keeps no receipt, prices and checks nothing.
Targets: parsed 0.25 ms, with parse and check 0.6 ms, parse and check alone 0.3 ms; at 100 MB 1.1 x of 10 kB.
On disk is the same plus one fsync, printed apart: what an fsync costs is the disk's affair.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import (
    KB,
    KEY,
    MB,
    SETTINGS,
    Figure,
    Row,
    Scale,
    begun,
    bytes_text,
    done_turn,
    growth,
    interleaved,
    print_table,
    program,
    ratio_within,
    scale_of,
    within,
)
from rlmlite_grammar import parse
from rlmlite_kernel import Parsed, Scope, advance, check
from rlmlite_traces import Log

PROGRAM = "x = logs[0:2000]\npreview(logs[-500:])\nn = count(x)\n"
PYTHON = "x = logs[0:2000]\nprint(logs[-500:])\nn = len(x)\n"


class Subject:
    """One input, and what is done with it."""

    def __init__(self, path: Path) -> None:
        done, self.blobs = begun(path)
        self.state = done.state
        self.parsed = program(PROGRAM)
        self.code = compile(PYTHON, "turn", "exec")
        self.text = path.read_text("utf-8")

    def turn(self) -> object:
        """A turn whose program is parsed; `advance` checks it."""
        return advance(self.state, self.parsed, self.blobs)

    def parsed_turn(self) -> object:
        """A turn from the text of its program."""
        return advance(self.state, parse(PROGRAM), self.blobs)

    def parse_and_check(self) -> object:
        """No turn."""
        said = parse(PROGRAM)
        assert isinstance(said, Parsed)
        return check(
            said, Scope(frozenset(self.state.variables), self.state.run.inputs, self.state.run.table, SETTINGS.policy)
        )

    def bare(self) -> None:
        """The anchor for a parsed program."""
        exec(self.code, {"logs": self.text, "print": [].append})

    def bare_text(self) -> None:
        """The anchor for a program as text."""
        exec(PYTHON, {"logs": self.text, "print": [].append})


class Kept:
    """A run whose turns go to a log."""

    def __init__(self, path: Path, place: Path, sync: bool) -> None:
        done, self.blobs = begun(path)
        self.log, self.state, self.sync = Log.create(place, KEY), done.state, sync
        self.log.extend(done.entries)
        self.parsed = program(PROGRAM)

    def turn(self) -> None:
        """One turn, appended."""
        done = done_turn(advance(self.state, self.parsed, self.blobs))
        self.state = done.state
        self.log.extend(done.entries)
        if self.sync:
            self.log.sync()


def main(scale: Scale) -> None:
    """Print the table."""
    small_size, large_size = 10 * KB, scale.pick(100 * MB, 10 * MB, 100 * KB)
    small, large = Subject(log_file(small_size)), Subject(log_file(large_size))
    times = scale.pick(1_000, 200, 5)
    figures = in_memory(small, large, times)
    rows = memory_rows(figures, bytes_text(small_size), bytes_text(large_size))
    rows += on_disk(log_file(small_size), bytes_text(small_size), scale.pick(200, 50, 3))
    grown = growth("a parsed turn with the input's bytes", (small_size, figures[1]), (large_size, figures[5]))
    print_table("A turn of three statements, with its receipt", rows, [grown])


def in_memory(small: Subject, large: Subject, times: int) -> list[Figure]:
    """All that needs no disk, in one interleaved run."""
    tasks: list[Callable[[], object]] = [
        small.bare,
        small.turn,
        small.bare_text,
        small.parsed_turn,
        small.parse_and_check,
        large.turn,
        large.parsed_turn,
        lambda: compile(PYTHON, "turn", "exec"),
    ]
    return [Figure(seconds) for seconds in interleaved(times, *tasks)]


def memory_rows(figures: list[Figure], small: str, large: str) -> list[Row]:
    """The figures against their anchors."""
    bare, turn, bare_text, parsed_turn, checked, large_turn, large_parsed_turn, compiled = figures
    return [
        Row("turn, parsed", small, "exec of code", bare, turn, within(0.25e-3)),
        Row("turn, parsed", large, f"ours at {small}", turn, large_turn, ratio_within(1.1)),
        Row("turn, parse and check", small, "exec of text", bare_text, parsed_turn, within(0.6e-3)),
        Row("turn, parse and check", large, f"ours at {small}", parsed_turn, large_parsed_turn, ratio_within(1.1)),
        Row("parse and check alone", "", "compile", compiled, checked, within(0.3e-3)),
    ]


def on_disk(path: Path, size: str, times: int) -> list[Row]:
    """The same with a log."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        subject = Subject(path)
        kept, synced = Kept(path, place / "kept.rlm", False), Kept(path, place / "synced.rlm", True)
        descriptor = os.open(place / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

        def bare_sync() -> None:
            os.write(descriptor, bytes(2_000))
            os.fsync(descriptor)

        seconds = interleaved(times, subject.turn, kept.turn, bare_sync, synced.turn)
        os.close(descriptor)
        kept.log.close()
        synced.log.close()
    turn, appended, fsync, durable = (Figure(mine) for mine in seconds)
    return [
        Row("turn, parsed, on disk", size, "ours in memory", turn, appended),
        Row("turn, parsed, durable", size, "one fsync of 2 kB", fsync, durable),
    ]


if __name__ == "__main__":
    main(scale_of(__doc__))
