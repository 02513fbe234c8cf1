"""Names of traces and sessions on the command line: `last`, `@N`, the beginning of a run's id or of a folder's name."""

import os
from pathlib import Path

import typer


def trace_of(name: Path | None) -> Path | None:
    """The trace that an argument names, for typer. Raises `typer.BadParameter`."""
    # What is there is meant, whatever it is called; most people name a path, and need nothing of what follows.
    if name is None or os.path.lexists(name):
        return name
    from rlmlite_traces.reading.library.names import TraceNameError, resolve_name

    try:
        return resolve_name(str(name), places_of_traces())
    except TraceNameError as error:
        raise typer.BadParameter(str(error)) from None


def places_of_traces() -> tuple[Path, ...]:
    """Where traces are without being named: where runs are recorded, and the folder that we are in."""
    from rlmlite.runs.settings.setting import DEFAULT_FOLDER

    here = [path for suffix in (".rlm", ".rlmz") for path in Path().glob(f"*{suffix}")]
    return (DEFAULT_FOLDER, *sorted(here))
