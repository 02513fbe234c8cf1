"""`rlmlite trace ls` and `trace show`: their options. They say what a trace says, and run nothing of it."""

from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.settings.names import trace_of
from rlmlite.cli.signatures.options import AsJson, Read, Store, Trace
from rlmlite.cli.signatures.traces.group import Allow, Keys, Root, TraceInputs, trace_app


@trace_app.command("ls")
def trace_ls(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A folder with traces. [.rlmlite and *.rlm here]", show_default=False),
    ] = None,
    number: Annotated[int, typer.Option("--number", "-n", metavar="N", min=0, help="How many; 0 is all.")] = 50,
    json: AsJson = False,
) -> None:
    """List traces, the newest first: time, status, cost, root, question. Nothing is verified."""
    from rlmlite.cli.commands.traces.reading.ls import list_traces

    raise typer.Exit(list_traces(folder, number, as_json=json))


@trace_app.command("show")
def trace_show(
    trace: Trace,
    full: Annotated[bool, typer.Option("--full", help="Cut nothing, and show settings, replies and calls.")] = False,
    prompts: Annotated[bool, typer.Option("--prompts", help="Show what the calls of programs asked.")] = False,
    answers: Annotated[bool, typer.Option("--answers", help="Show what they were answered.")] = False,
    records: Annotated[bool, typer.Option("--records", help="Show one line per record instead.")] = False,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Show the question, models and limits, each program with what came of it, and the answer."""
    from rlmlite.cli.commands.traces.reading.show import show
    from rlmlite.cli.commands.traces.reading.story_lines import Details

    details = Details(full=full, prompts=prompts, answers=answers)
    raise typer.Exit(show(trace, allow or [], details, records=records, as_json=json))


@trace_app.command("why")
def trace_why(
    trace: Trace,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A variable, or answer. [answer]", show_default=False)
    ] = None,
    program: Annotated[bool, typer.Option("--program", help="Print a program that gives the same.")] = False,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Show the steps that the answer, or a variable, rests on, and no others."""
    from rlmlite.cli.commands.traces.reading.why import explain

    raise typer.Exit(explain(trace, name or "answer", allow or [], program=program, as_json=json))


@trace_app.command("egress")
def trace_egress(
    trace: Trace,
    exact: Annotated[
        bool, typer.Option("--exact", help="Execute it again, to know which bytes observations have shown.")
    ] = False,
    input: TraceInputs = None,
    read: Read = None,
    store: Store = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Show which bytes of which input went to which model, tool or host."""
    from rlmlite.cli.commands.traces.reading.egress import Flags, print_egress

    flags = Flags(exact, tuple(input or ()), tuple(read or ()), store)
    raise typer.Exit(print_egress(trace, flags, allow or [], as_json=json))


@trace_app.command("audit")
def trace_audit(
    trace: Trace,
    root: Root = None,
    key: Keys = None,
    input: TraceInputs = None,
    read: Read = None,
    store: Store = None,
    full: Annotated[bool, typer.Option("--full", help="List all that holds, too.")] = False,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Check each claim: what ran, on what, within which bounds, and what cannot be verified and why."""
    from rlmlite.cli.commands.traces.reading.audit import Flags, audit

    flags = Flags(root, tuple(key or ()), tuple(input or ()), tuple(read or ()), store, full)
    raise typer.Exit(audit(trace, flags, allow or [], as_json=json))


@trace_app.command("diff")
def trace_diff(
    trace: Trace,
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="The other trace.", callback=trace_of)],
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Show where two runs part, then programs, budgets, coverage and answers."""
    from rlmlite.cli.commands.traces.reading.diff import diff

    raise typer.Exit(diff(trace, other, allow or [], as_json=json))


@trace_app.command("gc")
def trace_gc(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="How old a trace must be to go, such as 30d or 8w.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A folder with traces. [.rlmlite]", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove them; without it they are listed only.")] = False,
    open: Annotated[bool, typer.Option("--open", help="Those without a seal, too.")] = False,
    json: AsJson = False,
) -> None:
    """List traces that are old enough to go, and remove them with --yes."""
    from rlmlite.cli.commands.traces.reading.gc import gc

    raise typer.Exit(gc(folder, older_than, yes=yes, with_open=open, as_json=json))


@trace_app.command("view")
def trace_view(
    trace: Trace,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new file, such as trace.html.")],
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=PATH", help="Where an input is now.")
    ] = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Write it as one HTML page that needs no network and checks itself."""
    from rlmlite.cli.commands.traces.reading.view import view_trace

    raise typer.Exit(view_trace(trace, output, input or [], allow or [], as_json=json))
