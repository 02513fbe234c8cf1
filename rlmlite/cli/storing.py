"""What `rlmlite store` takes and says of itself. What it does is in `store`.

Nothing heavy is imported here, as in `main`.
"""

from pathlib import Path
from typing import Annotated

import typer

store_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Look after the store that inputs are copied to."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]
Copy = Annotated[
    bool | None,
    typer.Option("--copy", help="Copy files to the store first, so that nothing can change them under the run."),
]
Place = Annotated[
    Path | None, typer.Option("--store", metavar="DIR", help="The store. [.rlmlite/store]", show_default=False)
]


@store_app.command("ls")
def ls(store: Place = None, json: AsJson = False) -> None:
    """Every object: digest, size, age, and the traces and processes that need it."""
    from rlmlite.cli.commands.store import ls

    raise typer.Exit(ls(store, as_json=json))


@store_app.command("gc")
def gc(
    store: Place = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    grace: Annotated[
        int | None,
        typer.Option(
            "--grace", metavar="SECONDS", min=0, help="Keep what was used within this time. [86400]", show_default=False
        ),
    ] = None,
    forget_missing: Annotated[
        bool,
        typer.Option("--forget-missing", help="Traces that are not where they were are gone: keep nothing for them."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Remove objects that no trace, no running process and nobody lately needed."""
    from rlmlite.cli.commands.store import gc

    raise typer.Exit(gc(store, grace, dry_run=dry_run, forget_missing=forget_missing, as_json=json))


@store_app.command("verify")
def verify(
    store: Place = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Move damaged objects aside.")] = False,
    json: AsJson = False,
) -> None:
    """Read every object again: is it what its name says?"""
    from rlmlite.cli.commands.store import verify

    raise typer.Exit(verify(store, quarantine=quarantine, as_json=json))
