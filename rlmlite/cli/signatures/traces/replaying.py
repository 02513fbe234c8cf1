"""`rlmlite trace verify`, `replay`, `prove` and `check`: their options."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rlmlite.cli.signatures.options import AsJson, KnownStore, MaxMemory, Read, Redact, Store, Trace
from rlmlite.cli.signatures.traces.group import Allow, AtLeast, Keys, LeastLevel, Root, Roots, trace_app


@trace_app.command("verify")
def trace_verify(
    trace: Trace,
    root: Root = None,
    at_least: LeastLevel = AtLeast.open,
    key: Keys = None,
    roots: Roots = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Check that it is whole and unaltered. Says OPEN, SEALED or SEALED+SIGNED."""
    from rlmlite.cli.commands.traces.replaying.verify import check

    raise typer.Exit(check(trace, root, at_least.value, key or [], roots, allow or [], as_json=json))


@trace_app.command("replay")
def trace_replay(
    trace: Trace,
    root: Root = None,
    at_least: LeastLevel = AtLeast.open,
    key: Keys = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=PATH", help="Where an input is now, if not where it was."),
    ] = None,
    read: Read = None,
    redact: Redact = None,
    store: Store = None,
    allow: Allow = None,
    max_memory: MaxMemory = None,
    json: AsJson = False,
) -> None:
    """Re-execute every step offline and name the first difference."""
    from rlmlite.cli.commands.traces.replaying.replay import replay_trace

    flags: dict[str, Any] = {"read": read or [], "redact": redact, "max_memory": max_memory}
    raise typer.Exit(
        replay_trace(trace, root, at_least.value, key or [], input or [], flags, store, allow or [], as_json=json)
    )


@trace_app.command("prove")
def trace_prove(
    trace: Trace,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The number of a step, or turn:N for a turn.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="A new file. [standard output]")
    ] = None,
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=PATH", help="Where an input is now.")
    ] = None,
    read: Read = None,
    store: KnownStore = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Write all that one step rests on to a file that can be checked without the trace."""
    from rlmlite.cli.commands.traces.replaying.proving import prove_record

    raise typer.Exit(prove_record(trace, step, out, input or [], read or [], store, allow or [], as_json=json))


@trace_app.command("check")
def trace_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `trace prove` has written.")],
    root: Root = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Execute one step again, from such a file alone."""
    from rlmlite.cli.commands.traces.replaying.proving import check_proof

    raise typer.Exit(check_proof(file, root, allow or [], as_json=json))
