"""Commands by which a trace is passed on: their options."""

from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.signatures.options import AsJson, KnownStore, Trace
from rlmlite.cli.signatures.traces.group import Allow, AtLeast, LeastLevel, trace_app


@trace_app.command("pack")
def trace_pack(
    trace: Trace,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file, such as NAME.rlmz.")],
    inputs: Annotated[bool, typer.Option("--inputs", help="Pack the files that its run read, too.")] = False,
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=PATH", help="Where an input is now; with --inputs.")
    ] = None,
    store: KnownStore = None,
    timing: Annotated[bool, typer.Option("--timing", help="Pack how long calls took, too.")] = False,
    at_least: LeastLevel = AtLeast.sealed,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Write it to one file, the same bytes each time."""
    from rlmlite.cli.commands.traces.sharing.pack import pack_trace

    wanted = (input or [], store) if inputs or input or store else None
    raise typer.Exit(pack_trace(trace, file, wanted, timing, at_least.value, allow or [], as_json=json))


@trace_app.command("unpack")
def trace_unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A packed trace: NAME.rlmz.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder, such as NAME.rlm.")],
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Make its folder again, after it was checked."""
    from rlmlite.cli.commands.traces.sharing.pack import unpack_trace

    raise typer.Exit(unpack_trace(file, folder, allow or [], as_json=json))
