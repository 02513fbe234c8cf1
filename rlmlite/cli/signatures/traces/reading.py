"""`rlmlite trace show`: its options. It says what a trace says, and runs nothing of it."""

import typer

from rlmlite.cli.signatures.options import AsJson, Trace
from rlmlite.cli.signatures.traces.group import Allow, trace_app


@trace_app.command("show")
def trace_show(trace: Trace, allow: Allow = None, json: AsJson = False) -> None:
    """Show what each step did, read, wrote and cost."""
    from rlmlite.cli.commands.traces.reading.show import show

    raise typer.Exit(show(trace, allow or [], as_json=json))
