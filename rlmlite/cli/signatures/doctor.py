"""`rlmlite doctor`: its options."""

import typer

from rlmlite.cli.signatures.options import AsJson


def doctor(json: AsJson = False) -> None:
    """Say what protects you on this machine: settings and trust, keys, workers, what is installed."""
    from rlmlite.cli.commands.doctor import run

    raise typer.Exit(run(as_json=json))
