"""`rlmlite trace ls`: the traces of a folder, the one that was written last first. None of them is verified."""

import datetime
from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.names import places_of_traces
from rlmlite.clients.interface.prices import dollars
from rlmlite.guard.terminal import one_line
from rlmlite_traces import TraceMissingError
from rlmlite_traces.reading.library.summary import Summary, find_traces, newest_first, summarize

_ROOT_DIGITS = 12
_QUESTION = 60  # characters


def list_traces(folder: Path | None, number: int, *, as_json: bool) -> Exit:
    """Print a line for each trace; at most `number` of them, all for 0."""
    return exit_code_of(lambda: _list(folder, number, as_json), as_json=as_json)


def _list(folder: Path | None, number: int, as_json: bool) -> Exit:
    if folder is not None and not folder.is_dir():
        raise TraceMissingError(folder, "no such folder")
    places = places_of_traces() if folder is None else (folder,)
    paths = newest_first(find_traces(places))
    summaries = [summarize(path) for path in (paths[:number] if number else paths)]
    if as_json:
        print_json(value=msgspec.to_builtins(summaries, enc_hook=str), traces=len(paths))
        return Exit.COMPLETED
    for place, each in enumerate(summaries, 1):
        say(_line(each, f"@{place}" if folder is None else ""))
    _print_footer(summaries, len(paths))
    return Exit.COMPLETED


def _line(each: Summary, number: str) -> str:
    written = datetime.datetime.fromtimestamp(each.written).strftime("%Y-%m-%d %H:%M") if each.written else "-"
    status = f"{each.status} ({one_line(each.reason, 40)})" if each.reason else each.status
    what = one_line(each.question, _QUESTION) or f"{{ {one_line(each.program, _QUESTION)} }}"
    root = each.root[:_ROOT_DIGITS] or "-"
    return f"{number:<5}{written:<16}  {status:<24}  {_cost(each):>10}  {root:<12}  {one_line(str(each.path))}  {what}"


def _cost(each: Summary) -> str:
    if each.cost is None:
        return "-"
    if not each.is_cost_whole:
        return f"{dollars(each.cost)} + ?" if each.cost else "?"
    return dollars(each.cost)


def _print_footer(summaries: list[Summary], total: int) -> None:
    if total > len(summaries):
        say(f"... and {total - len(summaries):,} more")
    if not summaries:
        say("there are no traces here")
        return
    say("nothing of this was verified: `rlmlite trace verify NAME` does that")
    for what in ("question", "root", "cost"):
        lacking = sum(what in each.unread for each in summaries)
        if lacking:
            say(f"of {lacking:,} of them the {what} was not read, since they are long")
