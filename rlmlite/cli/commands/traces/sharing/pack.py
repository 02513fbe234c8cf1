"""`rlmlite trace pack` and `rlmlite trace unpack`: a trace as one file, and back."""

from pathlib import Path

from rlmlite.cli.commands.traces.opening import reader_limits, verify_trace
from rlmlite.cli.commands.traces.replaying.replay import input_blobs, places_of
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite.inputs.refetch import how_to_name, sources_of
from rlmlite_traces import InputSearch, Level, Packed, ReaderLimits, pack, unpack, verify


def pack_trace(
    trace: Path,
    file: Path,
    inputs: tuple[list[str], Path | None] | None,
    timing: bool,
    is_open: bool,
    recipients: list[str],
    allow: list[str],
    *,
    as_json: bool,
) -> Exit:
    """Pack a trace; with `is_open` also one whose run has not ended.

    `inputs` says that its files come along, where some are now, and in which store to look.
    """

    def work() -> Exit:
        limits = reader_limits(allow)
        search = None if inputs is None else _search(trace, *inputs, limits)
        least = Level.OPEN if is_open else Level.SEALED
        packed = pack(trace, file, inputs=search, timing=timing, at_least=least, recipients=recipients, limits=limits)
        if as_json:
            print_json(
                value=str(file),
                trace=str(trace),
                root=packed.root,
                level=str(packed.level),
                bytes=packed.size,
                nested=packed.nested,
                absent=packed.absent,
                inputs=packed.inputs,
                missing=packed.missing,
            )
        else:
            _print(packed, trace, limits)
        return Exit.PARTIAL if packed.missing else Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)


def unpack_trace(file: Path, folder: Path, identity: Path | None, allow: list[str], *, as_json: bool) -> Exit:
    """Unpack a trace, after it was checked."""

    def work() -> Exit:
        unpacked = unpack(file, folder, identity=identity, limits=reader_limits(allow))
        if as_json:
            print_json(
                value=str(folder),
                trace=str(folder),
                root=unpacked.root,
                level=str(unpacked.level),
                nested=unpacked.nested,
                inputs=unpacked.inputs,
            )
        else:
            say(f"unpacked {one_line(str(folder))}: {unpacked.level}{_along(unpacked.nested, unpacked.inputs)}")
            say(f"root: {unpacked.root}")
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)


def _search(trace: Path, inputs: list[str], store: Path | None, limits: ReaderLimits) -> InputSearch:
    is_own = is_begun_here(trace, verify_trace(trace, None, "open", limits))
    return InputSearch(places_of(inputs), input_blobs(store, is_own), is_own)


def _print(packed: Packed, trace: Path, limits: ReaderLimits) -> None:
    along = _along(packed.nested, packed.inputs)
    say(f"packed {one_line(str(packed.file))}: {packed.size:,} bytes, {packed.level}{along}", "green")
    say(f"root: {packed.root}")
    if packed.level is Level.OPEN:
        say("it has no seal: if its run goes on, this file will be old", "yellow")
    if packed.absent:
        say(f"nested runs whose traces are not here: {packed.absent}; their answers are in the record", "yellow")
    sources = sources_of(verify(trace, packed.root, limits=limits)) if packed.missing else {}
    for name, reason in packed.missing.items():
        advice = how_to_name(name, sources.get(name), fetches=False)
        say(f"input {one_line(name)} is not packed: {one_line(reason)}; say where it is: {advice}", "yellow")


def _along(nested: int, inputs: int) -> str:
    """What came along, to end a sentence with: `, with 2 nested runs and 1 file of inputs`."""
    runs = f"{nested:,} nested run{'s' * (nested != 1)}" if nested else ""
    files = f"{inputs:,} file{'s' * (inputs != 1)} of inputs" if inputs else ""
    both = " and ".join(filter(None, (runs, files)))
    return f", with {both}" if both else ""
