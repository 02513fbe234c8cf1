"""What does the 1,000th command of a session cost, beside the first?

A session over a log of 1 MB. Each command opens it, executes a program (a search, a count, an answer), and closes it:
once in this process, and once as a process of its own, `rlmlite session exec`. Anchor: the first commands of the same.
Target: 1.3 times that.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import KEY, MB, Figure, Row, Scale, print_table, ratio_within, scale_of
from rlmlite import Session

AT_MOST = 1.3
"""How many times the first command the last may cost."""


def program(number: int) -> str:
    """The program of a command: it writes variables that others wrote before, and reads one."""
    return f'h{number % 7} = search(log, "worker-{number % 10}")\nn = count(h{number % 7})\nfinal(n)'


def here(place: Path, number: int) -> float:
    """Seconds of a command in this process."""
    started = time.perf_counter()
    with Session(place) as session:
        outcome = session.exec(program(number))
    assert outcome.status == "completed", outcome
    return time.perf_counter() - started


def apart(place: Path, number: int) -> float:
    """Seconds of a command as a process of its own."""
    command = [sys.executable, "-m", "rlmlite", "session", "exec", str(place), "-e", program(number)]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


@contextmanager
def fresh_session(log: Path) -> Iterator[Path]:
    """A session over a log that nothing was executed in, with a home of its own for the key of the user."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("RLMLITE_HOME")
        os.environ["RLMLITE_HOME"] = str(Path(folder) / "home")
        try:
            place = Path(folder) / "s.rlm"
            Session(place, {"log": log}, limits={"turns": 2_000, "steps": 10_000}, run_key=KEY.hex()).close()
            yield place
        finally:
            del os.environ["RLMLITE_HOME"]
            if before is not None:
                os.environ["RLMLITE_HOME"] = before


def costs(
    log: Path, commands: int, measured: int, measure: Callable[[Path, int], float]
) -> tuple[list[float], list[float]]:
    """Seconds of the first commands and of the last ones, so many each."""
    with fresh_session(log) as place:
        first = [measure(place, number) for number in range(measured)]
        for number in range(measured, commands - measured):
            here(place, number)
        return first, [measure(place, number) for number in range(commands - measured, commands)]


def main(scale: Scale) -> None:
    """Print the table."""
    size, commands, measured = scale.pick((MB, 1_000, 9), (MB, 300, 5), (MB // 10, 20, 1))
    rows = []
    for what, measure in (("in one process", here), ("a process each", apart)):
        first, last = costs(log_file(size), commands, measured, measure)
        figures = (Figure(first), Figure(last))
        rows.append(Row(f"command {commands:,}, {what}", "", "the first", *figures, ratio_within(AT_MOST)))
    print_table("Sessions", rows)


if __name__ == "__main__":
    main(scale_of(__doc__))
