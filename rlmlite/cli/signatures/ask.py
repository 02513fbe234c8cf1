"""`rlmlite ask`: its options."""

from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.signatures.flags import calling_flags, job_of, permission_flags
from rlmlite.cli.signatures.options import (
    Approve,
    AsJson,
    ConfirmAbove,
    Controller,
    Copy,
    Decode,
    Limit,
    MaxCost,
    MaxMemory,
    MaxTime,
    Nested,
    NewTrace,
    Paths,
    Policy,
    Price,
    Read,
    Redact,
    RequireEvidence,
    Roles,
    RunKey,
    Store,
    Stream,
    Sub,
    Timeout,
    Tools,
    Workers,
    Yes,
)


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question.")],
    paths: Paths = None,
    controller: Controller = None,
    sub: Sub = None,
    nested: Nested = None,
    role: Roles = None,
    session: Annotated[
        Path | None,
        typer.Option("--session", metavar="S", help="Ask in this session; it is begun if there is none yet."),
    ] = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=PATH", help="Where an input of a session that is there is now."),
    ] = None,
    limit: Limit = None,
    tool: Tools = None,
    policy: Policy = None,
    approve: Approve = None,
    redact: Redact = None,
    max_cost: MaxCost = None,
    confirm_above: ConfirmAbove = None,
    yes: Yes = False,
    max_time: MaxTime = None,
    max_memory: MaxMemory = None,
    price: Price = None,
    workers: Workers = None,
    timeout: Timeout = None,
    stream: Stream = None,
    decode: Decode = None,
    read: Read = None,
    require_evidence: RequireEvidence = None,
    last_answer: Annotated[
        bool,
        typer.Option("--last-answer/--no-last-answer", help="When a limit is reached, answer from what was found."),
    ] = True,
    trace: NewTrace = None,
    run_key: RunKey = None,
    copy: Copy = None,
    store: Store = None,
    json: AsJson = False,
) -> None:
    """Answer a question over inputs: a controller model writes programs until it knows."""
    from rlmlite.cli.commands.ask import run

    flags = {"max_cost": max_cost, "confirm_above": confirm_above, **permission_flags(tool, policy, approve, redact)}
    flags |= {
        "copy_inputs": copy,
        "store": store,
        "nested": nested,
        "roles": role,
        "decode": decode,
        "max_memory": max_memory,
        "max_time": max_time,
        "require_evidence": require_evidence,
    }
    flags |= calling_flags(workers, timeout, stream)
    job = job_of(paths, controller, sub, limit, run_key, trace, yes, read=read, price=price, input=input, **flags)
    raise typer.Exit(run(question, job, session, last_answer=last_answer, as_json=json))
