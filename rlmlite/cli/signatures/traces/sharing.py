"""Commands by which a trace is passed on: their options."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rlmlite.cli.signatures.options import AsJson, KnownStore, Trace
from rlmlite.cli.signatures.traces.group import Allow, Keys, Root, trace_app


class Kept(StrEnum):
    """How much of a finished trace is kept. The names are those of the command line."""

    inputs_by_path = "inputs-by-path"
    digests = "digests"


@trace_app.command("pack")
def trace_pack(
    trace: Trace,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file, such as NAME.rlmz.")],
    inputs: Annotated[bool, typer.Option("--inputs", help="Pack the files that its run read, too.")] = False,
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=PATH", help="Where an input is now; with --inputs.")
    ] = None,
    store: KnownStore = None,
    timing: Annotated[bool, typer.Option("--timing", help="Pack how long calls took, too.")] = False,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", metavar="age1...", help="Encrypt it for this key of age or SSH. Repeat for more."),
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Pack it even if its run has not ended.")] = False,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Write it to one file, the same bytes each time."""
    from rlmlite.cli.commands.traces.sharing.pack import pack_trace

    wanted = (input or [], store) if inputs or input or store else None
    raise typer.Exit(pack_trace(trace, file, wanted, timing, is_open, recipient or [], allow or [], as_json=json))


@trace_app.command("unpack")
def trace_unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A packed trace: NAME.rlmz.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder, such as NAME.rlm.")],
    identity: Annotated[
        Path | None, typer.Option("--identity", metavar="FILE", help="The age identity that opens an encrypted one.")
    ] = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Make its folder again, after it was checked."""
    from rlmlite.cli.commands.traces.sharing.pack import unpack_trace

    raise typer.Exit(unpack_trace(file, folder, identity, allow or [], as_json=json))


@trace_app.command("sign")
def trace_sign(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace: the folder NAME.rlm.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key; see `rlmlite keygen`.")],
    root: Root = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Sign its root, so that others know who vouches for it."""
    from rlmlite.cli.commands.traces.sharing.sign import sign_trace

    raise typer.Exit(sign_trace(trace, key, root, allow or [], as_json=json))


@trace_app.command("witness")
def trace_witness(
    trace: Trace,
    roots: Annotated[
        Path,
        typer.Option("--roots", metavar="FILE", envvar="RLMLITE_ROOTS", show_envvar=False, help="The file of roots."),
    ],
    root: Root = None,
    key: Keys = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Note its root in a file of known roots, for `verify --roots`."""
    from rlmlite.cli.commands.traces.sharing.witness import witness_trace

    raise typer.Exit(witness_trace(trace, roots, root, key or [], allow or [], as_json=json))


@trace_app.command("redact")
def trace_redact(
    trace: Trace,
    containing: Annotated[
        list[str] | None, typer.Option("--containing", metavar="TEXT", help="Contents with this text. Repeat for more.")
    ] = None,
    matching: Annotated[
        list[str] | None, typer.Option("--matching", metavar="RE2", help="Contents in which this pattern is found.")
    ] = None,
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME", help="An input: it, what was shown of it, answers.")
    ] = None,
    ref: Annotated[
        list[str] | None, typer.Option("--ref", metavar="HEX", help="The content whose ref begins so.")
    ] = None,
    keep: Annotated[
        Kept | None,
        typer.Option("--keep", help="Keep no contents but settings (digests), or none of inputs (inputs-by-path)."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for who verifies it.")] = "privacy",
    who: Annotated[str | None, typer.Option("--who", metavar="TEXT", help="Who does it. [the user]")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Remove contents from a finished trace, and from nested runs; its root and signatures hold."""
    from rlmlite.cli.commands.traces.sharing.redact import Flags, redact_trace
    from rlmlite_traces.sharing.redacting.selection import Selection

    selection = Selection(
        tuple(containing or ()),
        tuple(matching or ()),
        tuple(input or ()),
        tuple(ref or ()),
        memory_inputs=keep is Kept.inputs_by_path,
        everything=keep is Kept.digests,
    )
    raise typer.Exit(redact_trace(trace, Flags(selection, reason, who, yes), allow or [], as_json=json))


def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new private key; FILE.pub is the public one.")],
    json: AsJson = False,
) -> None:
    """Make a key to sign traces with."""
    from rlmlite.cli.commands.traces.sharing.sign import make_key

    raise typer.Exit(make_key(file, as_json=json))


def upgrade(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Traces, and settings files (.toml), of older versions.")
    ],
    write: Annotated[bool, typer.Option("--write", help="Do it; without, it is only tried. The old is kept.")] = False,
    input: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=PATH", help="Where an input of a trace is now.")
    ] = None,
    store: KnownStore = None,
    allow: Allow = None,
    json: AsJson = False,
) -> None:
    """Bring traces and settings of older versions up to date."""
    from rlmlite.cli.commands.upgrade import upgrade as upgrade_paths

    raise typer.Exit(upgrade_paths(paths, input or [], store, allow or [], write=write, as_json=json))
