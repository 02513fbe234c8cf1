"""`rlmlite session`: its commands and their options."""

from typing import Annotated, Any

import typer

from rlmlite.cli.signatures.flags import job_of, permission_flags, places_of
from rlmlite.cli.signatures.options import (
    Approve,
    AsJson,
    CalledController,
    CalledNested,
    CalledRoles,
    CalledSub,
    ConfirmAbove,
    Controller,
    Copy,
    InputPlaces,
    KnownStore,
    Limit,
    MaxCost,
    MaxMemory,
    MaxTime,
    Nested,
    NewSession,
    Paths,
    Policy,
    Price,
    Program,
    Read,
    Redact,
    RequireEvidence,
    Roles,
    RunKey,
    Session,
    Store,
    Tools,
    Yes,
)

session_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Drive the kernel from a shell, one command at a time."
)


@session_app.command("new")
def new(
    session: NewSession,
    paths: Paths = None,
    controller: Controller = None,
    sub: Annotated[
        str | None,
        typer.Option("--sub", metavar="MODEL", help="The model that reads chunks. [the controller, else by hand]"),
    ] = None,
    nested: Nested = None,
    role: Roles = None,
    limit: Limit = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    redact: Redact = None,
    max_cost: MaxCost = None,
    price: Price = None,
    max_memory: MaxMemory = None,
    read: Read = None,
    require_evidence: RequireEvidence = None,
    run_key: RunKey = None,
    copy: Copy = None,
    store: Store = None,
    json: AsJson = False,
) -> None:
    """Begin a session over inputs. Without models, its calls are answered by hand."""
    from rlmlite.cli.commands.sessions.session import new

    flags = {
        "max_cost": max_cost,
        "copy_inputs": copy,
        "store": store,
        **permission_flags(tool, policy, approve, redact),
    }
    flags |= {"nested": nested, "roles": role, "max_memory": max_memory, "require_evidence": require_evidence}
    job = job_of(paths, controller, sub, limit, run_key, read=read, price=price, **flags)
    raise typer.Exit(new(session, job, as_json=json))


@session_app.command("exec")
def exec_(
    session: Session,
    path: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="A program file, - is stdin.", show_default=False)
    ] = None,
    program: Program = None,
    controller: CalledController = None,
    sub: CalledSub = None,
    nested: CalledNested = None,
    role: CalledRoles = None,
    input: InputPlaces = None,
    store: KnownStore = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    redact: Redact = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    max_time: MaxTime = None,
    max_memory: MaxMemory = None,
    json: AsJson = False,
) -> None:
    """Execute a program. The session keeps its variables."""
    from rlmlite.cli.commands.sessions.session import exec_

    flags: dict[str, Any] = {"nested": nested, "roles": role, "store": store, "confirm_above": confirm_above}
    flags |= {"max_memory": max_memory, "max_time": max_time}
    flags |= permission_flags(tool, policy, approve, redact)
    job = job_of(None, controller, sub, yes=yes, text=program, path=path, input=input, **flags)
    raise typer.Exit(exec_(session, job, as_json=json))


@session_app.command("pending")
def pending(session: Session, input: InputPlaces = None, store: KnownStore = None) -> None:
    """The calls that wait for answers, as JSON to fill in."""
    from rlmlite.cli.commands.sessions.session import pending

    raise typer.Exit(pending(session, places_of(input, store)))


@session_app.command("resume")
def resume(
    session: Session,
    answers: Annotated[
        str | None,
        typer.Argument(
            metavar="ANSWERS",
            help="What `pending` printed with each `answer` filled in; - is stdin.",
            show_default=False,
        ),
    ] = None,
    controller: CalledController = None,
    sub: CalledSub = None,
    nested: CalledNested = None,
    role: CalledRoles = None,
    input: InputPlaces = None,
    store: KnownStore = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    redact: Redact = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    max_time: MaxTime = None,
    max_memory: MaxMemory = None,
    json: AsJson = False,
) -> None:
    """Answer the waiting calls and continue the turn in progress."""
    from rlmlite.cli.commands.sessions.session import resume

    flags: dict[str, Any] = {"nested": nested, "roles": role, "store": store, "confirm_above": confirm_above}
    flags |= {"max_memory": max_memory, "max_time": max_time}
    flags |= permission_flags(tool, policy, approve, redact)
    job = job_of(None, controller, sub, yes=yes, input=input, **flags)
    raise typer.Exit(resume(session, job, answers, as_json=json))


@session_app.command("add")
def add(
    session: Session,
    paths: Paths = None,
    limit: Limit = None,
    max_cost: MaxCost = None,
    read: Read = None,
    input: InputPlaces = None,
    store: KnownStore = None,
    json: AsJson = False,
) -> None:
    """Add inputs, and raise limits. What was there stays as it is."""
    from rlmlite.cli.commands.sessions.session import add

    job = job_of(paths, read=read, input=input, store=store)
    raise typer.Exit(add(session, job, limit, max_cost, as_json=json))


@session_app.command("show")
def show(session: Session, input: InputPlaces = None, store: KnownStore = None, json: AsJson = False) -> None:
    """Show its variables, notes and turns, and the turn in progress."""
    from rlmlite.cli.commands.sessions.session import show

    raise typer.Exit(show(session, places_of(input, store), as_json=json))


@session_app.command("abandon")
def abandon(session: Session, input: InputPlaces = None, store: KnownStore = None, json: AsJson = False) -> None:
    """Give up the program in progress: the rest of it is recorded as abandoned."""
    from rlmlite.cli.commands.sessions.session import abandon

    raise typer.Exit(abandon(session, places_of(input, store), as_json=json))


@session_app.command("seal")
def seal(session: Session, input: InputPlaces = None, store: KnownStore = None, json: AsJson = False) -> None:
    """End it for good: the trace is sealed and accepts nothing more."""
    from rlmlite.cli.commands.sessions.session import seal

    raise typer.Exit(seal(session, places_of(input, store), as_json=json))
