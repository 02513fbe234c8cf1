"""`rlmlite upgrade`: traces and settings files of older versions, as today's. Without `--write` it only says what it
would do; the old ones are kept in any case.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits, verify_trace
from rlmlite.cli.commands.traces.replaying.replay import input_blobs, places_of
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.config import load
from rlmlite.cli.settings.files import MOST_BYTES, read_folder_file
from rlmlite.cli.settings.old_names import upgrade_settings
from rlmlite.errors import SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.regular_file import read_regular
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite.inputs import deriving
from rlmlite_kernel.records.evolution import FORMAT
from rlmlite_traces import NotUpgradedError, TraceExistsError, upgrade_trace
from rlmlite_traces.files.guarded import folder_of

_KEPT = ".before-upgrade"
_SETTINGS = ".toml"


class Finding(msgspec.Struct, frozen=True):
    """What an upgrade of one path does, or would do: its new file, if it has any, and a sentence."""

    path: Path
    sentence: str
    new: Path | None = None
    is_written: bool = False
    is_refused: bool = False


def upgrade(
    paths: list[Path], inputs: list[str], store: Path | None, allow: list[str], *, write: bool, as_json: bool
) -> Exit:
    """Upgrade traces and settings files, or say what that would do."""

    def of_trace(path: Path) -> Finding:
        return _upgrade_trace(path, inputs, store, allow, write)

    def work() -> Exit:
        findings = [_find(path, of_trace, write) for path in paths]
        code = Exit.UNVERIFIABLE if any(each.is_refused for each in findings) else Exit.COMPLETED
        if as_json:
            print_json(value=[msgspec.to_builtins(each, enc_hook=str) for each in findings])
            return code
        for each in findings:
            say(f"{one_line(str(each.path))}: {each.sentence}")
        if any(each.new is not None and not each.is_written for each in findings):
            say("nothing was written: that was a try; add --write")
        return code

    return exit_code_of(work, as_json=as_json)


def _find(path: Path, of_trace: Callable[[Path], Finding], write: bool) -> Finding:
    if path.suffix == _SETTINGS:
        return _upgrade_settings(path, write)
    try:
        return of_trace(path)
    except NotUpgradedError as error:
        return Finding(path, f"not upgraded: {error.reason}; it is verified and replayed as it is", is_refused=True)


def _upgrade_trace(path: Path, inputs: list[str], store: Path | None, allow: list[str], write: bool) -> Finding:
    limits = reader_limits(allow)
    trace = verify_trace(path, None, "open", limits)
    if trace.genesis.v == FORMAT:
        return Finding(path, f"format {FORMAT}, which is today's: nothing to do")
    is_own = is_begun_here(path, trace)
    new = path.with_name(f"{path.stem}.upgraded.rlm")
    upgraded = upgrade_trace(
        trace,
        path,
        new if write else None,
        places_of(inputs),
        input_blobs(store, is_own),
        deriving(load({}).reading, limits),
        CODE_PARSER,
        limits,
        recorded_paths=is_own,
    )
    found = f"format {upgraded.old_format}, {upgraded.records:,} records, each computed again"
    if not write:
        return Finding(path, f"{found}; it can be upgraded to {one_line(str(new))}", new)
    return Finding(path, f"{found}; written to {one_line(str(new))}, root {upgraded.new_root}", new, is_written=True)


def _upgrade_settings(path: Path, write: bool) -> Finding:
    try:
        content = read_regular(path, MOST_BYTES, follow_link=True).content
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}") from None
    upgraded = upgrade_settings(content.decode("utf-8", "surrogateescape"), str(path))
    read_folder_file(path)  # what it says is checked as it is when it counts
    if not upgraded.renamed:
        return Finding(path, "every name is today's: nothing to do")
    names = ", ".join(f"`{old}` becomes `{new}`" for old, new in upgraded.renamed.items())
    kept = path.with_name(path.name + _KEPT)
    if not write:
        return Finding(path, f"{names}; the old file would be kept as {one_line(str(kept))}", kept)
    with folder_of(path) as folder:
        if folder.exists(kept.name):
            raise TraceExistsError(kept)
        mode = folder.status(path.name).st_mode & 0o777
        folder.write_new(kept.name, content, mode)
        folder.replace(path.name, upgraded.text.encode("utf-8", "surrogateescape"), mode)
    return Finding(path, f"{names}; the old file is kept as {one_line(str(kept))}", kept, is_written=True)
