"""`rlmlite trace`: the group that its commands join, and the options that they share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

trace_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Show, check and re-execute receipts.")


class AtLeast(StrEnum):
    """The least that a trace must prove."""

    open = "open"
    sealed = "sealed"
    signed = "signed"


Root = Annotated[str | None, typer.Option("--root", metavar="HEX", help="The root that the trace must have.")]
LeastLevel = Annotated[AtLeast, typer.Option("--at-least", help="The least that the trace must prove.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", metavar="FILE", help="A public key (FILE.pub) that must have signed it. Repeat for more."),
]
Roots = Annotated[
    Path | None,
    typer.Option(
        "--roots", metavar="FILE", envvar="RLMLITE_ROOTS", show_envvar=False, help="A file of known roots to look in."
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="NAME=NUMBER", help="Allow a trace to be larger or to cost more; see its error."),
]
TraceInputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=PATH", help="Where an input is now, if not where it was."),
]
