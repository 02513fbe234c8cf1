"""`rlmlite demo`: its options."""

from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.signatures.options import AsJson


def demo(
    path: Annotated[
        Path | None, typer.Option("--path", metavar="DIR", help="A folder of Python sources. [the standard library]")
    ] = None,
    json: AsJson = False,
) -> None:
    """Answer two questions over the standard library's sources, and check the receipts. No key, no network."""
    from rlmlite.cli.commands.demo import run

    raise typer.Exit(run(path, as_json=json))
