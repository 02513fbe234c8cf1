"""The command line: what it takes and what it says of itself. What a command does is in its own module.

Nothing heavy is imported here, so that `rlmlite --help` answers at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.asking import (
    Approve,
    AsJson,
    Policy,
    Price,
    Read,
    Stream,
    Timeout,
    Tools,
    Workers,
    ask,
    granted,
    session_app,
)
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.storing import Copy, Place, store_app

app = typer.Typer(
    name="rlmlite",
    help="Answers over inputs far larger than a model's window, with a receipt for every step.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
trace_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Show, check and re-execute receipts.")
app.add_typer(trace_app, name="trace")


class Format(StrEnum):
    """What `rlmlite grammar` prints."""

    lark = "lark"
    actions = "actions"
    llguidance = "llguidance"
    openai_tool = "openai-tool"
    json_schema = "json-schema"


class Asked(StrEnum):
    """What a trace must prove at least."""

    open = "open"
    sealed = "sealed"


Trace = Annotated[Path, typer.Argument(metavar="TRACE", help="A trace: the folder NAME.rlm.")]
Root = Annotated[str | None, typer.Option("--root", metavar="HEX", help="The root that the trace must have.")]
AtLeast = Annotated[Asked, typer.Option("--at-least", help="What the trace must prove.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"rlmlite {version('rlmlite')}")
        except PackageNotFoundError:
            typer.echo("rlmlite (not installed: run from a checkout)")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is being done, on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    from rlmlite.cli.output.logs import configure

    configure(verbose=verbose)


app.command("ask")(ask)
app.add_typer(session_app, name="session")
app.add_typer(store_app, name="store")


@app.command("exec")
def exec_(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM PATH",
            help="A program file (- is stdin; left out with -e), then inputs: PATH, name=PATH or -. "
            "A lone unnamed input is called `context`; a folder or a glob is one input.",
            show_default=False,
        ),
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", "-e", metavar="TEXT", help="The program itself, instead of a file.")
    ] = None,
    sub: Annotated[
        str | None,
        typer.Option("--sub", metavar="MODEL", help="What reads chunks, such as extractive: or openai:NAME."),
    ] = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="A budget, such as sub_calls=200.")
    ] = None,
    max_cost: Annotated[
        str | None, typer.Option("--max-cost", metavar="DOLLARS", help="What all calls may cost, such as 2.00.")
    ] = None,
    confirm_above: Annotated[
        str | None,
        typer.Option("--confirm-above", metavar="DOLLARS", help="Ask before calls that may cost more than this."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to all costs within the limits.")] = False,
    price: Price = None,
    workers: Workers = None,
    timeout: Timeout = None,
    stream: Stream = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="DIR", help="The new folder for receipts. [.rlmlite/DATE/RUN.rlm]"),
    ] = None,
    run_key: Annotated[
        str | None, typer.Option("--run-key", metavar="HEX", help="64 hex digits, for the same trace each time.")
    ] = None,
    read: Read = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the program and say what it may cost; run nothing.")
    ] = False,
    copy: Copy = None,
    store: Place = None,
    json: AsJson = False,
) -> None:
    """Run a program over inputs, without a controller."""
    from rlmlite.cli.commands.exec import run
    from rlmlite.cli.settings.job import Job

    given = arguments or []
    path, inputs = (None, given) if program is not None or not given else (given[0], given[1:])
    flags: dict[str, object] = {
        "sub": sub,
        "max_cost": max_cost,
        "confirm_above": confirm_above,
        "workers": workers,
        "timeout": timeout,
        "stream": stream,
        "copy_inputs": copy,
        "store": store,
    }
    flags |= granted(tool, policy, approve)
    budgets, prices, how = tuple(limit or []), tuple(price or []), tuple(read or [])
    job = Job(program, path, tuple(inputs), budgets, prices, flags, trace, run_key, yes, read=how)
    raise typer.Exit(run(job, dry_run=dry_run, as_json=json))


@trace_app.command("show")
def trace_show(trace: Trace, json: AsJson = False) -> None:
    """What each step did, read, wrote and cost."""
    from rlmlite.cli.commands.trace import show

    raise typer.Exit(show(trace, as_json=json))


@trace_app.command("verify")
def trace_verify(trace: Trace, root: Root = None, at_least: AtLeast = Asked.open, json: AsJson = False) -> None:
    """Is it whole and unaltered? Says OPEN or SEALED."""
    from rlmlite.cli.commands.trace import check

    raise typer.Exit(check(trace, root, at_least.value, as_json=json))


@trace_app.command("replay")
def trace_replay(
    trace: Trace,
    root: Root = None,
    at_least: AtLeast = Asked.open,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=PATH", help="Where an input is now, if not where it was."),
    ] = None,
    read: Read = None,
    store: Place = None,
    json: AsJson = False,
) -> None:
    """Re-execute every step offline and name the first difference."""
    from rlmlite.cli.commands.replay import replay_trace

    raise typer.Exit(replay_trace(trace, root, at_least.value, input or [], read or [], store, as_json=json))


@app.command("grammar")
def grammar(
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="The grammar that is parsed, the action table, or what holds a decoder to programs: a grammar for "
            "llguidance, a custom tool with it, a function.",
        ),
    ] = Format.lark,
    session: Annotated[
        Path | None,
        typer.Option("--session", metavar="S", help="For llguidance and openai-tool: name its variables. [context]"),
    ] = None,
    only_final: Annotated[
        bool, typer.Option("--only-final", help="For llguidance and openai-tool: only an answer is left to give.")
    ] = False,
    json: AsJson = False,
) -> None:
    """The language: its grammar, its actions, or what holds a decoder to it."""
    from rlmlite.cli.commands.grammar import show

    raise typer.Exit(show(format.value, session, only_final=only_final, as_json=json))


@app.command("demo")
def demo(
    path: Annotated[
        Path | None, typer.Option("--path", metavar="DIR", help="A folder of Python sources. [the standard library]")
    ] = None,
    json: AsJson = False,
) -> None:
    """Answer two questions over the standard library's sources, and check the receipts. No key, no network."""
    from rlmlite.cli.commands.demo import run

    raise typer.Exit(run(path, as_json=json))


def main() -> None:
    """The entry point. What a user got wrong ends with a message and a code, never with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # both are text streams here
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
