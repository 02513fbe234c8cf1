"""What `rlmlite ask` and `rlmlite session` take and say of themselves. What they do is in `ask` and `session`.

Nothing heavy is imported here, as in `main`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlmlite.cli.storing import Copy, Place

if TYPE_CHECKING:
    from rlmlite.cli.settings.job import Job

session_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Drive the kernel from a shell, one step each call."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]
Controller = Annotated[
    list[str] | None,
    typer.Option("--controller", metavar="MODEL", help="What writes the programs; another one takes over when stuck."),
]
Sub = Annotated[
    str | None, typer.Option("--sub", metavar="MODEL", help="What reads chunks. [the controller]", show_default=False)
]
Limit = Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="A budget, such as turns=10.")]
Read = Annotated[
    list[str] | None,
    typer.Option("--read", metavar="NAME=VALUE", help="How inputs are read, such as encoding=cp1252."),
]
MaxCost = Annotated[
    str | None, typer.Option("--max-cost", metavar="DOLLARS", help="What all calls may cost, such as 2.00.")
]
ConfirmAbove = Annotated[
    str | None,
    typer.Option("--confirm-above", metavar="DOLLARS", help="Ask before calls that may cost more than this."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to all costs within the limits.")]
RunKey = Annotated[
    str | None, typer.Option("--run-key", metavar="HEX", help="64 hex digits, for the same trace each time.")
]
Tools = Annotated[
    list[str] | None,
    typer.Option("--tool", metavar="MODULE:NAME", help="A function that programs may call; FILE.py:NAME for a file's."),
]
Policy = Annotated[Path | None, typer.Option("--policy", metavar="FILE", help="What is permitted: a TOML file.")]
Approve = Annotated[
    str | None,
    typer.Option("--approve", metavar="WHO", help="Who approves of calls that need it: terminal, mailbox:DIR, never."),
]
Nested = Annotated[
    list[str] | None,
    typer.Option("--nested", metavar="MODEL", help="What controls nested runs, one a level. [the controller]"),
]
Price = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="IN,OUT", help="Dollars for a million tokens; MODEL=IN,OUT for one of several."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Calls at a time. [32]", show_default=False)
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="For one attempt of a call. [120]", show_default=False),
]
Stream = Annotated[
    bool | None,
    typer.Option("--stream/--no-stream", help="Take answers in pieces; --timeout is then for a silence."),
]
Decode = Annotated[
    str | None,
    typer.Option("--decode", metavar="HOW", help="How controllers give programs: tool, grammar. [as text]"),
]
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Inputs: PATH, name=PATH or -.", show_default=False),
]
Store = Annotated[Path, typer.Argument(metavar="S", help="The session: a folder, such as triage.rlm.")]


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question.")],
    paths: Paths = None,
    controller: Controller = None,
    sub: Sub = None,
    nested: Nested = None,
    session: Annotated[
        Path | None, typer.Option("--session", metavar="S", help="Ask in a session, which is begun if it is not there.")
    ] = None,
    limit: Limit = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    max_cost: MaxCost = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    price: Price = None,
    workers: Workers = None,
    timeout: Timeout = None,
    stream: Stream = None,
    decode: Decode = None,
    read: Read = None,
    last_answer: Annotated[
        bool,
        typer.Option("--last-answer/--no-last-answer", help="When a budget ends, answer from what there is."),
    ] = True,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="DIR", help="The new folder for receipts. [.rlmlite/DATE/RUN.rlm]"),
    ] = None,
    run_key: RunKey = None,
    copy: Copy = None,
    store: Place = None,
    json: AsJson = False,
) -> None:
    """Answer a question over inputs: a controller model writes programs until it knows."""
    from rlmlite.cli.commands.ask import run

    flags = {"max_cost": max_cost, "confirm_above": confirm_above, **granted(tool, policy, approve)}
    flags |= {"copy_inputs": copy, "store": store, "nested": nested, "decode": decode}
    flags |= calling(workers, timeout, stream)
    job = _job(paths, controller, sub, limit, run_key, trace, yes, read=read, price=price, **flags)
    raise typer.Exit(run(question, job, session, last_answer=last_answer, as_json=json))


@session_app.command("new")
def new(
    session: Store,
    paths: Paths = None,
    controller: Controller = None,
    sub: Annotated[
        str | None, typer.Option("--sub", metavar="MODEL", help="What reads chunks. [the controller, else by hand]")
    ] = None,
    nested: Nested = None,
    limit: Limit = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    max_cost: MaxCost = None,
    price: Price = None,
    read: Read = None,
    run_key: RunKey = None,
    copy: Copy = None,
    store: Place = None,
    json: AsJson = False,
) -> None:
    """Begin a session over inputs. Without models, its calls are answered by hand."""
    from rlmlite.cli.commands.session import new

    flags = {"max_cost": max_cost, "copy_inputs": copy, "store": store, **granted(tool, policy, approve)}
    flags |= {"nested": nested}
    job = _job(paths, controller, sub, limit, run_key, read=read, price=price, **flags)
    raise typer.Exit(new(session, job, as_json=json))


@session_app.command("exec")
def exec_(
    session: Store,
    path: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="A program file, - is stdin.", show_default=False)
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", "-e", metavar="TEXT", help="The program itself, instead of a file.")
    ] = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Execute a program. Its variables stay."""
    from rlmlite.cli.commands.session import exec_

    job = _job(yes=yes, text=program, path=path, confirm_above=confirm_above, **granted(tool, policy, approve))
    raise typer.Exit(exec_(session, job, as_json=json))


@session_app.command("pending")
def pending(session: Store) -> None:
    """The calls that wait for answers, as JSON to fill in."""
    from rlmlite.cli.commands.session import pending

    raise typer.Exit(pending(session))


@session_app.command("resume")
def resume(
    session: Store,
    answers: Annotated[
        str | None,
        typer.Argument(
            metavar="ANSWERS",
            help="What `pending` printed with each `answer` filled in; - is stdin.",
            show_default=False,
        ),
    ] = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Answer calls that wait, and go on with what is under way."""
    from rlmlite.cli.commands.session import resume

    job = _job(yes=yes, confirm_above=confirm_above, **granted(tool, policy, approve))
    raise typer.Exit(resume(session, job, answers, as_json=json))


@session_app.command("show")
def show(session: Store, json: AsJson = False) -> None:
    """Its variables, notes and turns, and what is under way."""
    from rlmlite.cli.commands.session import show

    raise typer.Exit(show(session, as_json=json))


@session_app.command("seal")
def seal(session: Store, json: AsJson = False) -> None:
    """End it for good: the trace is sealed and takes no more."""
    from rlmlite.cli.commands.session import seal

    raise typer.Exit(seal(session, as_json=json))


def granted(tools: list[str] | None, policy: Path | None, approve: str | None) -> dict[str, Any]:
    """These flags as settings."""
    return {"tools": tools, "policy": policy, "approve": approve}


def calling(workers: int | None, timeout: float | None, stream: bool | None) -> dict[str, Any]:
    """These flags as settings."""
    return {"workers": workers, "timeout": timeout, "stream": stream}


def _job(
    paths: list[str] | None = None,
    controller: list[str] | None = None,
    sub: str | None = None,
    limit: list[str] | None = None,
    run_key: str | None = None,
    trace: Path | None = None,
    yes: bool = False,
    *,
    text: str | None = None,
    path: str | None = None,
    read: list[str] | None = None,
    price: list[str] | None = None,
    **flags: object,
) -> "Job":
    from rlmlite.cli.settings.job import Job

    return Job(
        text=text,
        path=path,
        inputs=tuple(paths or []),
        limits=tuple(limit or []),
        prices=tuple(price or []),
        flags={"sub": sub, **flags},
        trace=trace,
        run_key=run_key,
        yes=yes,
        controllers=tuple(controller or []),
        read=tuple(read or []),
    )
