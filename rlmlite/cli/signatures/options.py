"""The options and arguments that commands share, each with its help line, in the order in which help shows them."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from rlmlite.cli.settings.names import trace_of

# What is worked on.
Paths: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Inputs: PATH, name=PATH or -.", show_default=False),
]
NewSession: TypeAlias = Annotated[
    Path, typer.Argument(metavar="S", help="The session: a new folder, such as triage.rlm.")
]
Session: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="S", help="The session: a folder, such as triage.rlm, or its name.", callback=trace_of),
]
Trace: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="TRACE",
        help="A trace: NAME.rlm, NAME.rlmz, last, @N of `trace ls`, or how its name begins.",
        callback=trace_of,
    ),
]
Program: TypeAlias = Annotated[
    str | None, typer.Option("--program", "-e", metavar="TEXT", help="The program itself, instead of a file.")
]
Read: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--read", metavar="NAME=VALUE", help="How inputs are read, such as encoding=cp1252."),
]

InputPlaces: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=PATH", help="Where an input is now: a path, or a URL to fetch it again."),
]
KnownStore: TypeAlias = Annotated[
    Path | None, typer.Option("--store", metavar="DIR", help="A store to find inputs in.", show_default=False)
]

# Models.
Controller: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--controller",
        metavar="MODEL",
        help="The model that writes programs. Repeat it for models that take over.",
    ),
]
Sub: TypeAlias = Annotated[
    str | None,
    typer.Option("--sub", metavar="MODEL", help="The model that reads chunks. [the controller]", show_default=False),
]
Nested: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--nested", metavar="MODEL", help="The model that controls nested runs; one per level. [the controller]"
    ),
]
Roles: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="NAME=MODEL",
        help="The model of a role, such as judge; NAME.OPTION=VALUE is how it is asked.",
    ),
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Concurrent calls. [32]", show_default=False)
]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Limit for one attempt at a call. [120]", show_default=False),
]
Stream: TypeAlias = Annotated[
    bool | None,
    typer.Option("--stream/--no-stream", help="Receive answers as they come; --timeout then limits each silence."),
]
Decode: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--decode",
        metavar="HOW",
        help="How controllers are held to the language: auto, none, tool, lark, gbnf, json-schema. [auto]",
    ),
]

RequireEvidence: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--require-evidence/--no-require-evidence",
        help="An answer without verbatim evidence is partial.",
    ),
]

CalledController: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--controller", metavar="MODEL", help="Call this controller of the session again."),
]
CalledSub: TypeAlias = Annotated[
    str | None, typer.Option("--sub", metavar="MODEL", help="Call this model of the session again.")
]
CalledRoles: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="NAME=MODEL", help="Call this model of a role of the session again."),
]
CalledNested: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--nested", metavar="MODEL", help="Call this controller of nested runs again."),
]

# What is permitted, and what it may cost.
Tools: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tool", metavar="MODULE:NAME", help="A function that programs may call, or FILE.py:NAME."),
]
Policy: TypeAlias = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="A TOML file that says what is permitted.")
]
Approve: TypeAlias = Annotated[
    str | None,
    typer.Option("--approve", metavar="WHO", help="Who approves calls that need it: terminal, mailbox:DIR, never."),
]
Redact: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--redact", metavar="WHAT", help="What is replaced in all that is read: keys, mail, FILE.py:NAME."),
]
Limit: TypeAlias = Annotated[
    list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="A budget, such as sub_calls=200.")
]
MaxCost: TypeAlias = Annotated[
    str | None, typer.Option("--max-cost", metavar="DOLLARS", help="The most that all calls may cost, such as 2.00.")
]
MaxTime: TypeAlias = Annotated[
    str | None,
    typer.Option("--max-time", metavar="TIME", help="Time for all calls and the answer, such as 90s or 5m."),
]
MaxMemory: TypeAlias = Annotated[
    str | None,
    typer.Option("--max-memory", metavar="SIZE", help="Memory for data, such as 4GiB, or none. [of this machine]"),
]
ConfirmAbove: TypeAlias = Annotated[
    str | None,
    typer.Option("--confirm-above", metavar="DOLLARS", help="Ask before calls that may cost more than this."),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Agree to all costs within the limits.")]
Price: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="IN,OUT", help="Dollars per million tokens; MODEL=IN,OUT for one of several."),
]

# Where receipts and copies go, and what is printed.
NewTrace: TypeAlias = Annotated[
    Path | None,
    typer.Option("--trace", metavar="DIR", help="A new folder for the receipts. [.rlmlite/DATE/RUN.rlm]"),
]
RunKey: TypeAlias = Annotated[
    str | None, typer.Option("--run-key", metavar="HEX", help="64 hex digits, for the same trace each time.")
]
Copy: TypeAlias = Annotated[
    bool | None,
    typer.Option("--copy", help="Copy files to the store first, so that nothing can change them during the run."),
]
Store: TypeAlias = Annotated[
    Path | None, typer.Option("--store", metavar="DIR", help="The store. [.rlmlite/store]", show_default=False)
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]
