"""`rlmlite trace verify`, `replay`, `prove` and `check`: their options."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rlmlite.cli.signatures.options import (
    Approve,
    AsJson,
    InputPlaces,
    KnownStore,
    Limit,
    MaxCost,
    MaxMemory,
    Policy,
    Price,
    Read,
    Redact,
    RunKey,
    Store,
    Tools,
    Trace,
    Yes,
)
from rlmlite.cli.signatures.traces.group import Allow, AtLeast, Keys, LeastLevel, Root, Roots, trace_app


@trace_app.command("verify")
def trace_verify(
    trace: Trace,
    root: Root = None,
    at_least: LeastLevel = AtLeast.open,
    key: Keys = None,
    roots: Roots = None,
    parent: Annotated[
        Path | None, typer.Option("--parent", metavar="TRACE", help="The run that a fork must come from.")
    ] = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Check that it is whole and unaltered. Says OPEN, SEALED or SEALED+SIGNED."""
    from rlmlite.cli.commands.traces.replaying.verify import check

    proved = check(trace, root, at_least.value, key or [], roots, allow or [], as_json=json, parent=parent)
    raise typer.Exit(proved)


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


@trace_app.command("fork")
def trace_fork(
    trace: Trace,
    at: Annotated[int, typer.Option("--at", metavar="STEP", help="The first step that may be another one.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder for the fork's receipts.")],
    program_file: Annotated[
        str | None, typer.Option("--program", metavar="FILE", help="A program in place of what was done from there on.")
    ] = None,
    program: Annotated[str | None, typer.Option("-e", metavar="TEXT", help="The program itself.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "--role", metavar="NAME=MODEL", help="Another model of a role from there on."),
    ] = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    limit: Limit = None,
    max_cost: MaxCost = None,
    price: Price = None,
    offline: Annotated[bool, typer.Option("--offline", help="Make no call; list those that would be made.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made and cost; run nothing.")] = False,
    yes: Yes = False,
    input: InputPlaces = None,
    store: KnownStore = None,
    read: Read = None,
    run_key: RunKey = None,
    json: AsJson = False,
) -> None:
    """Go another way from a step on: its results are used again, the rest is priced first."""
    from rlmlite.cli.commands.traces.replaying.forking import fork_trace
    from rlmlite.cli.signatures.flags import job_of, permission_flags, places_of

    job = job_of(
        limit=limit,
        run_key=run_key,
        yes=yes,
        text=program,
        path=program_file,
        read=read,
        price=price,
        max_cost=max_cost,
        **permission_flags(tool, policy, approve, None),
    )
    places = places_of(input, store)
    raise typer.Exit(fork_trace(trace, at, out, job, model or [], places, offline, dry_run, as_json=json))
