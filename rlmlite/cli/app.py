"""The command `rlmlite` as a whole: puts the commands together, and runs the one that was called.

What a command takes is declared in `signatures`, what it does is in `commands`, and what was set in `settings`.
`--help` must answer at once, so nothing here imports what a run needs: no kernel, no parser, no model client.
A test counts the modules.
"""

import copy
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from rlmlite.cli.coercion import coerce_plainly
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.signatures.ask import ask
from rlmlite.cli.signatures.demo import demo
from rlmlite.cli.signatures.doctor import doctor
from rlmlite.cli.signatures.exec import exec_
from rlmlite.cli.signatures.grammar import grammar
from rlmlite.cli.signatures.session import session_app
from rlmlite.cli.signatures.store import store_app
from rlmlite.cli.signatures.traces import trace_app
from rlmlite.cli.signatures.traces.sharing import keygen, upgrade
from rlmlite.cli.signatures.trust import trust
from rlmlite.guard.terminal import make_streams_harmless

app = typer.Typer(
    name="rlmlite",
    help="Answers over inputs far larger than a model's window, with a receipt for every step.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from rlmlite_traces.files.installed import installed_version

        installed = installed_version("rlmlite")
        typer.echo("rlmlite (not installed: run from a checkout)" if installed is None else f"rlmlite {installed}")
        raise typer.Exit


@app.callback()
def _root_options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is being done, on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    from rlmlite.cli.output.logs import configure

    configure(verbose=verbose)


# In the order in which help lists them.
app.command("ask")(ask)
app.command("exec")(exec_)
app.command("grammar")(grammar)
app.command("demo")(demo)
app.command("trust")(trust)
app.command("doctor")(doctor)
app.command("keygen")(keygen)
app.command("upgrade")(upgrade)
app.add_typer(trace_app, name="trace")
app.add_typer(session_app, name="session")
app.add_typer(store_app, name="store")


def run_command_line() -> None:
    """Run the command line. What a user got wrong ends with a message and an exit code, never with a traceback."""
    # A terminal or a pipe may have an encoding that lacks a character of an answer. That must not end the command.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # both are text streams here
    # From here on, so that a traceback too can name a hostile file.
    make_streams_harmless()
    try:
        _limit_memory()
        command = get_command(_narrow(app, sys.argv[1:]))
        coerce_plainly(command)
        command()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except MemoryError:
        typer.echo("error: memory ran out; free some, or raise --max-memory (max_memory)", err=True)
        sys.exit(Exit.FAILED)


def _limit_memory() -> None:
    """Bound the data of this process, before anything is read. A setting or a flag may change the bound later."""
    from rlmlite.guard.memory import TooLittleMemoryError, limit_memory

    try:
        limit_memory(os.environ.get("RLMLITE_MAX_MEMORY"))
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(Exit.FAILED if isinstance(error, TooLittleMemoryError) else Exit.USAGE)


def _narrow(whole: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """The same app with only the command that `words` call: `-v exec -e ...` leaves `exec`.

    typer makes every option of every command that it knows, which takes longer than to read one command line. Without
    a command, or with a wrong one, nothing is left out, since the help or the error then lists all commands.
    """
    # No root option takes a value, so the first word without a dash is the command.
    names = [word for word in words if not word.startswith("-")]
    called = names[0] if names else None
    commands = [command for command in whole.registered_commands if command.name == called]
    groups = [group for group in whole.registered_groups if group.name == called]
    if not commands and not groups:
        return whole
    # A copy: tests run many command lines in one process, and each needs the whole app.
    narrowed = copy.copy(whole)
    narrowed.registered_commands = commands
    narrowed.registered_groups = groups
    return narrowed
