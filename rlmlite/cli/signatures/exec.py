"""`rlmlite exec`: its options."""

from typing import Annotated, Any

import typer

from rlmlite.cli.signatures.flags import calling_flags, job_of, permission_flags
from rlmlite.cli.signatures.options import (
    Approve,
    AsJson,
    ConfirmAbove,
    Copy,
    Limit,
    MaxCost,
    MaxMemory,
    MaxTime,
    NewTrace,
    Policy,
    Price,
    Program,
    Read,
    Redact,
    RequireEvidence,
    Roles,
    RunKey,
    Store,
    Stream,
    Timeout,
    Tools,
    Workers,
    Yes,
)


def exec_(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM PATH",
            help="A program file (- is stdin; none with -e), then inputs: PATH, name=PATH or -. "
            "A single unnamed input is called `context`; a folder or a glob is one input.",
            show_default=False,
        ),
    ] = None,
    program: Program = None,
    sub: Annotated[
        str | None,
        typer.Option("--sub", metavar="MODEL", help="The model that reads chunks, such as extractive: or openai:NAME."),
    ] = None,
    role: Roles = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    redact: Redact = None,
    limit: Limit = None,
    max_cost: MaxCost = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    max_time: MaxTime = None,
    max_memory: MaxMemory = None,
    price: Price = None,
    workers: Workers = None,
    timeout: Timeout = None,
    stream: Stream = None,
    trace: NewTrace = None,
    run_key: RunKey = None,
    read: Read = None,
    require_evidence: RequireEvidence = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the program and say what it may cost; run nothing.")
    ] = False,
    copy: Copy = None,
    store: Store = None,
    json: AsJson = False,
) -> None:
    """Run a program over inputs, without a controller."""
    from rlmlite.cli.commands.exec import run

    # With -e the program is there already, so all arguments are inputs; else the first one is the program's file.
    words = arguments or []
    path, inputs = None, words
    if program is None and words:
        path, inputs = words[0], words[1:]
    flags: dict[str, Any] = {"max_cost": max_cost, "confirm_above": confirm_above, "copy_inputs": copy, "store": store}
    flags |= {"roles": role, "max_memory": max_memory, "max_time": max_time}
    flags |= {"require_evidence": require_evidence}
    flags |= permission_flags(tool, policy, approve, redact)
    flags |= calling_flags(workers, timeout, stream)
    job = job_of(
        inputs,
        sub=sub,
        limit=limit,
        run_key=run_key,
        trace=trace,
        yes=yes,
        text=program,
        path=path,
        read=read,
        price=price,
        **flags,
    )
    raise typer.Exit(run(job, dry_run=dry_run, as_json=json))
