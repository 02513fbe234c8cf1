"""`rlmlite trust`: its options."""

from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.settings.names import trace_of
from rlmlite.cli.signatures.options import AsJson


def trust(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A settings file, its folder, or a trace. [rlmlite.toml]",
            show_default=False,
            callback=trace_of,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust it without being asked.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List what is trusted.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Trust it no longer.")] = False,
    json: AsJson = False,
) -> None:
    """Show what a folder's settings would allow, or what a trace would reach, and trust it if you agree."""
    from rlmlite.cli.commands.trust import run

    raise typer.Exit(run(path, yes=yes, listing=list_, revoke=revoke, as_json=json))
