"""`rlmlite store`: its commands and their options."""

from typing import Annotated

import typer

from rlmlite.cli.signatures.options import AsJson, Store

store_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Inspect and clean the store that inputs are copied to."
)


@store_app.command("ls")
def ls(store: Store = None, json: AsJson = False) -> None:
    """Every object: digest, size, age, and the traces and processes that need it."""
    from rlmlite.cli.commands.store import ls

    raise typer.Exit(ls(store, as_json=json))


@store_app.command("gc")
def gc(
    store: Store = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
    grace: Annotated[
        int | None,
        typer.Option(
            "--grace", metavar="SECONDS", min=0, help="Keep what was used within this time. [86400]", show_default=False
        ),
    ] = None,
    forget_missing: Annotated[
        bool,
        typer.Option(
            "--forget-missing",
            help="Treat traces that are no longer at their path as deleted, and keep nothing for them.",
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Remove objects that no trace and no running process needs, and that were not used lately."""
    from rlmlite.cli.commands.store import gc

    raise typer.Exit(gc(store, grace, dry_run=dry_run, forget_missing=forget_missing, as_json=json))


@store_app.command("verify")
def verify(
    store: Store = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Move damaged objects aside.")] = False,
    json: AsJson = False,
) -> None:
    """Read every object again and compare it with the digest in its name."""
    from rlmlite.cli.commands.store import verify

    raise typer.Exit(verify(store, quarantine=quarantine, as_json=json))
