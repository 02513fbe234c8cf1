"""`rlmlite trace`: its commands and their options."""

from enum import StrEnum
from typing import Annotated

import typer

from rlmlite.cli.signatures.options import AsJson, MaxMemory, Read, Store, Trace

trace_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Show, check and re-execute receipts.")


class AtLeast(StrEnum):
    """The least that a trace must prove."""

    open = "open"
    sealed = "sealed"


Root = Annotated[str | None, typer.Option("--root", metavar="HEX", help="The root that the trace must have.")]
LeastLevel = Annotated[AtLeast, typer.Option("--at-least", help="The least that the trace must prove.")]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="NAME=NUMBER", help="Allow a trace to be larger or to cost more; see its error."),
]


@trace_app.command("show")
def trace_show(trace: Trace, allow: Allow = None, json: AsJson = False) -> None:
    """Show what each step did, read, wrote and cost."""
    from rlmlite.cli.commands.traces.show import show

    raise typer.Exit(show(trace, allow or [], as_json=json))


@trace_app.command("verify")
def trace_verify(
    trace: Trace,
    root: Root = None,
    at_least: LeastLevel = AtLeast.open,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Check that it is whole and unaltered. Says OPEN or SEALED."""
    from rlmlite.cli.commands.traces.show import check

    raise typer.Exit(check(trace, root, at_least.value, allow or [], as_json=json))


@trace_app.command("replay")
def trace_replay(
    trace: Trace,
    root: Root = None,
    at_least: LeastLevel = AtLeast.open,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=PATH", help="Where an input is now, if not where it was."),
    ] = None,
    read: Read = None,
    store: Store = None,
    allow: Allow = None,
    max_memory: MaxMemory = None,
    json: AsJson = False,
) -> None:
    """Re-execute every step offline and name the first difference."""
    from rlmlite.cli.commands.traces.replay import replay_trace

    raise typer.Exit(
        replay_trace(trace, root, at_least.value, input or [], read or [], store, allow or [], max_memory, as_json=json)
    )
