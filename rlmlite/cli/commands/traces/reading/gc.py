"""`rlmlite trace gc`: lists traces that are old enough to go, with their bytes; with `--yes` it removes them."""

import re
import time
from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.config import load
from rlmlite.errors import SettingError
from rlmlite.guard.terminal import one_line
from rlmlite.runs.settings.setting import DEFAULT_FOLDER, DEFAULT_STORE
from rlmlite_traces import TraceLockedError, TraceMissingError
from rlmlite_traces.blobs.directory import forget_trace, open_layout
from rlmlite_traces.reading.library.retention import LOCKED, Disposal, plan_disposal
from rlmlite_traces.writing.removal import remove_trace

_AGE = re.compile(r"([0-9]{1,6})([hdw])\Z")
_SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


def gc(folder: Path | None, older_than: str, *, yes: bool, with_open: bool, as_json: bool) -> Exit:
    """Print what would go and what stays; with `yes`, remove it."""
    return exit_code_of(lambda: _gc(folder, older_than, yes, with_open, as_json), as_json=as_json)


def _gc(folder: Path | None, older_than: str, yes: bool, with_open: bool, as_json: bool) -> Exit:
    if folder is not None and not folder.is_dir():
        raise TraceMissingError(folder, "no such folder")
    seconds = _seconds(older_than)
    # Only where runs are recorded by themselves: what lies elsewhere was put there.
    places = (folder or DEFAULT_FOLDER,)
    plan = list(plan_disposal(places, seconds, time.time(), with_open=with_open))
    done = [_remove(each) if yes and not each.keep else each for each in plan]
    if as_json:
        print_json(value=msgspec.to_builtins(done, enc_hook=str), removed=yes)
    else:
        _print(done, yes)
    return Exit.COMPLETED


def _seconds(text: str) -> float:
    match = _AGE.match(text)
    if match is None:
        raise SettingError(f"--older-than {text}: write hours, days or weeks, such as 12h, 30d or 8w")
    return int(match[1]) * _SECONDS[match[2]]


def _remove(each: Disposal) -> Disposal:
    """Remove one; if somebody has begun to write it meanwhile, it stays."""
    path = each.path.absolute()
    try:
        remove_trace(each.path)
    except TraceLockedError:
        return msgspec.structs.replace(each, keep=LOCKED)
    _forget(path)
    return each


def _forget(path: Path) -> None:
    """Let go of what the store keeps for a trace. What another trace needs stays there."""
    store = load({}).store or DEFAULT_STORE
    if store.exists():
        forget_trace(open_layout(store), path)


def _print(plan: list[Disposal], removed: bool) -> None:
    going = [each for each in plan if not each.keep]
    for each in going:
        say(f"{each.size:>13,} bytes  {each.age / 86_400:>6,.0f} d  {one_line(str(each.path), 300)}")
    words = "removed" if removed else "would be removed"
    count = "1 trace" if len(going) == 1 else f"{len(going):,} traces"
    say(f"{count}, {sum(each.size for each in going):,} bytes {words}")
    for reason in dict.fromkeys(each.keep for each in plan if each.keep):
        say(f"kept, {reason}: {sum(each.keep == reason for each in plan):,}")
    if going and not removed:
        say("nothing was removed; --yes does it")
