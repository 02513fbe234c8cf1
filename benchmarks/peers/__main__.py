"""How does rlmlite stand beside its peers? `rlms` and `dspy.RLM` on the same scripts, with models that take no time.

Three tables, as Markdown: figures, what each does when the controller does something wrong, and which answers it takes.
A peer that is not installed is left out, and it is said. `make peers` makes an environment with both.
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import Scale
from benchmarks.peers.cases import CASES, PATIENCE, Case, cell
from benchmarks.peers.doubts import DOUBTS
from benchmarks.peers.figures import SYSTEMS, TWO_TURNS, table
from benchmarks.peers.jobs import Job
from benchmarks.peers.processes import PEERS, done, missing

BEGIN, END = "<!-- peers: made by `make peers` -->", "<!-- peers: end -->"


def report(scale: Scale) -> Iterator[str]:
    """The lines of the report."""
    absent = [why for why in map(missing, PEERS) if why]
    names = [name for name in ("rlmlite", *PEERS) if not missing(name)]
    systems = [system for system in SYSTEMS if system.name in names]
    yield f"Made on {datetime.now(UTC):%Y-%m-%d} on {_machine()}: {', '.join(_versions(names))}."
    yield from absent
    yield f"Load of the machine at the start: {_load()}."
    yield from ("", "### Figures", "")
    yield from table(systems, scale)
    yield from ("", "### When the controller does something wrong", "")
    yield from behaviour("the controller sends", CASES, names, scale)
    yield from ("", "### When an answer deserves a doubt", "")
    yield from behaviour("the controller sends, or meets", DOUBTS, names, scale)
    yield from ("", f"Load at the end: {_load()}, this benchmark's own processes among it.")


def behaviour(title: str, cases: Sequence[Case], names: Sequence[str], scale: Scale) -> Iterator[str]:
    """The lines of a table of what came of cases."""
    path = str(log_file(10**4))
    patience = scale.pick(PATIENCE, PATIENCE, 2 * PATIENCE / 3)
    yield f"| {title} | {' | '.join(names)} |"
    yield "|" + " --- |" * (1 + len(names))
    for case in cases:
        cells = [cell(case, name, done(case.job(name, path), patience)) for name in names]
        yield f"| {case.text} | {' | '.join(cells)} |"


def _versions(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        seen = done(Job(name, str(log_file(10**4)), TWO_TURNS.question, TWO_TURNS.turns, "", False))
        yield f"{name} {seen['version']}"


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}, Python {platform.python_version()}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"


def paste(text: str, page: Path) -> None:
    """Replace what stands between the marks of a page."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{page}: expected the lines {BEGIN!r} and {END!r}; the tables go between them")
    page.write_text(f"{before}{BEGIN}\n\n{text.rstrip()}\n\n{END}{after}", "utf-8")


def main() -> None:
    """Print the report; with `--into`, put it into a page as well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs; the figures mean nothing")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="a page with marks, between which the tables go")
    given = parser.parse_args()
    lines = []
    for line in report(Scale.TINY if given.tiny else Scale.QUICK if given.quick else Scale.FULL):
        print(line, flush=True)
        lines.append(line)
    if given.into:
        paste("\n".join([*lines, ""]), given.into)


if __name__ == "__main__":
    main()
