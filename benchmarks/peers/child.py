"""In a process of its own: do a job, and write what was seen, as JSON, to `result.json` beside the records.

    python -m benchmarks.peers.child < job

Times are seconds. `setup` is from the path of the input to the controller's first call, `turns` from each reply of the
controller to its next call, `whole` from the path to the answer with everything put away.
"""

import importlib
import json
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.peers.jobs import Answer, Job, Watch, memory

RESULT = "result.json"
LOOKED = 10**5
"""Inputs larger than this are only timed: prompts and records are not looked at."""


def main(job: Job) -> None:
    """Do the job."""
    begun = time.perf_counter()
    side = importlib.import_module(f"benchmarks.peers.{job.system}_side")
    seen: dict[str, Any] = {"imports": time.perf_counter() - begun, "version": version(side.DISTRIBUTION)}
    seen["idle"], idle_anonymous = memory("VmRSS"), memory("RssAnon")
    watches, ends = [], []
    for number in range(1 + job.runs):
        watch, end = _run(job, side, Path(job.place) / str(number))
        watches.append(watch)
        ends.append(end)
        if number and number < job.runs:
            shutil.rmtree(Path(job.place) / str(number))  # the last one's record is looked at
    seen |= ends[-1] | _seen(watches[-1])
    seen["peak"] = memory("VmHWM") - seen["idle"] + watches[-1].worker_peak
    seen["held"] = watches[-1].held - idle_anonymous
    seen["runs"] = [_times(watch, end) for watch, end in zip(watches[1:], ends[1:], strict=True)]
    Path(job.place, RESULT).write_text(json.dumps(seen), "utf-8")


def _run(job: Job, side: ModuleType, place: Path) -> tuple[Watch, dict[str, Any]]:
    """One run with its record in a folder of its own. Whatever the system raises is what came of it."""
    place.mkdir()
    watch = Watch([side.reply(turn) for turn in job.turns], job.fails_on, weigh=not job.runs)
    look = not job.runs and Path(job.path).stat().st_size < LOOKED
    raised = ""
    started = time.perf_counter()
    try:
        answer: Answer = side.ask(job, watch, place, look)
    except BaseException as error:  # SystemExit too: a program may raise it
        answer, raised = Answer(None), f"{type(error).__name__}: {error}"
    ended = time.perf_counter()
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    found = {
        "started": started,
        "ended": ended,
        "raised": raised,
        "value": answer.value,
        "end": answer.end,
        "record_bytes": sum(path.stat().st_size for path in files) + len(answer.kept.encode()),
    }
    if look:
        found["record"] = "".join(path.read_text("utf-8") for path in files) + answer.kept
    return watch, found


def _seen(watch: Watch) -> dict[str, Any]:
    return {"asked": len(watch.asked), "sub_calls": watch.sub_calls, "prompts": watch.prompts}


def _times(watch: Watch, end: dict[str, Any]) -> dict[str, Any]:
    gaps = [later - earlier for earlier, later in zip(watch.answered, watch.asked[1:], strict=False)]
    return {"setup": watch.asked[0] - end["started"], "turns": gaps, "whole": end["ended"] - end["started"]}


if __name__ == "__main__":
    main(Job.read(sys.stdin.read()))
