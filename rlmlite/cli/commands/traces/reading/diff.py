"""`rlmlite trace diff`: where two runs part, and what came of it."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.guard.terminal import one_line
from rlmlite_traces.reading.differences.compare import Difference, Pair, compare
from rlmlite_traces.reading.story import open_story

_WIDTH = 300


def diff(a: Path, b: Path, allow: list[str], *, as_json: bool) -> Exit:
    """Print how two traces differ."""
    return exit_code_of(lambda: _diff(a, b, allow, as_json), as_json=as_json)


def _diff(a: Path, b: Path, allow: list[str], as_json: bool) -> Exit:
    limits = reader_limits(allow)
    stories = open_story(a, limits), open_story(b, limits)
    found = compare(*stories)
    if as_json:
        print_json(value=msgspec.to_builtins(found), trace=str(a), other=str(b), root=stories[0].trace.root)
    else:
        _print(found, str(a), str(b))
    return Exit.COMPLETED if found.is_none else Exit.DIFFERS


def _print(found: Difference, a: str, b: str) -> None:
    say(f"a: {one_line(a, _WIDTH)}")
    say(f"b: {one_line(b, _WIDTH)}")
    if found.is_none:
        say("they say the same", "green")
    _print_pairs("began with", found.beginning)
    if found.divergence is not None:
        first = found.divergence
        print_heading(f"part at {one_line(first.place)}: {one_line(first.field)}")
        _print_pair(Pair(first.a, first.b))
    for turn, lines in found.programs.items():
        print_heading(f"program of turn {turn}")
        print_indented(lines, "    | ")
    _print_pairs("used", found.budgets)
    _print_pairs("coverage", found.coverage)
    _print_pairs("ended with", found.ending)
    if found.uncompared:
        say(f"{found.uncompared:,} facts were not compared: one of the two does not have them", "yellow")


def _print_pairs(title: str, pairs: Mapping[str, Pair]) -> None:
    if pairs:
        print_heading(title)
    for name, pair in pairs.items():
        print_indented(one_line(name))
        _print_pair(pair, "        ")


def _print_pair(pair: Pair, by: str = "    ") -> None:
    # From where they differ on, for texts that begin alike.
    same = 0
    while same < min(len(pair.a), len(pair.b)) and pair.a[same] == pair.b[same]:
        same += 1
    start = max(0, same - _WIDTH // 4) if max(len(pair.a), len(pair.b)) > _WIDTH else 0
    for name, text in (("a", pair.a), ("b", pair.b)):
        shown = one_line(text[start : start + 2 * _WIDTH], _WIDTH)
        print_indented(f"{name}: {'… ' if start else ''}{shown}", by)
