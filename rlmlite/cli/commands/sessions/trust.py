"""`rlmlite trust TRACE`: what a trace would reach outside its folder, and the user's word for it.

A trace that was begun elsewhere, or by somebody else, gets nothing of what it names (`guard.trust.origin`). Whoever
has looked at it and knows it can say that it is theirs, here and as it is now.
"""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePath

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.clients.interface.placeholders import BY_HAND
from rlmlite.clients.registry import asks_server
from rlmlite.errors import InputError, SettingError
from rlmlite.guard.terminal import ask_yes_no, one_line
from rlmlite.guard.trust.origin import adopt, forget, is_begun_here
from rlmlite.inputs.formats.remote.urls import is_remote
from rlmlite.inputs.refetch import sources_of
from rlmlite_kernel.records.evolution import lacked_guards
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces import CheckedTrace, verify
from rlmlite_traces.blobs.stores import store_path

_FILES_LISTED = 20
_NAMED = "only if you name it each time"


class Reached(msgspec.Struct, frozen=True):
    """One thing outside the folder that the trace names: what it is, where, and what would be done with it."""

    what: str
    place: str
    use: str


def trust_trace(path: Path, yes: bool, as_json: bool) -> Exit:
    """Show what a trace would reach, and write its tag if the user agrees."""
    trace = verify(path)
    store = store_path(path)
    if is_begun_here(path, trace):
        return _end(path, "trusted already", as_json)
    reached = list(reach_of(trace, store))
    if not as_json:
        _show(path, trace.genesis.flags, reached)
    if not yes and not ask_yes_no(f"Use these again whenever {path} is opened?"):
        return _end(path, "not trusted", as_json, Exit.REFUSED)
    # What was shown, and not what the folder says by now.
    if not adopt(path, trace, store):
        raise SettingError(f"{path}: no tag could be written there, or there is no key; see -v")
    return _end(path, "trusted", as_json)


def revoke_trace(path: Path, as_json: bool) -> Exit:
    """Take the tag of a trace away."""
    if not forget(path):
        raise InputError(f"{path} is not trusted")
    return _end(path, "no longer trusted", as_json)


def reach_of(trace: CheckedTrace, store: Path | None) -> Iterator[Reached]:
    """What a trace names outside its folder, with what opening it would do once it is trusted."""
    for name, source in sources_of(trace).items():
        yield from _reach_of_input(name, source)
    if store is not None:
        yield Reached("store", str(store), "inputs are read there, and new ones copied there")
    try:
        settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise InputError("its settings cannot be read, so what it would reach cannot be told") from None
    for role, player in settings.roles.items():
        if player.model != BY_HAND:
            use = f"called {_NAMED}" if asks_server(player.model) else "used when a program calls"
            yield Reached(f"model of {role}", player.model, use)


def _reach_of_input(name: str, source: Source) -> Iterator[Reached]:
    if source.content is not None or source.path is None:
        return  # its content is in the trace, or nowhere
    if is_remote(source.path):
        yield Reached(f"input {name}", source.path, f"fetched {_NAMED}")
        return
    yield Reached(f"input {name}", source.path, "read, if its content is the recorded one")
    files = [file.path for file in source.files if file.path != source.path]
    # A name that leads out of the recorded folder is the one to look at, however many others there are.
    leading_out = [path for path in files if PurePath(path).is_absolute() or ".." in PurePath(path).parts]
    listed = [*leading_out, *[path for path in files if path not in leading_out][:_FILES_LISTED]]
    for path in listed:
        yield Reached(f"input {name}", path, "the same, as one of its files")
    if len(files) > len(listed):
        yield Reached(f"input {name}", f"{len(files) - len(listed):,} files more", "the same, below the recorded path")


def _show(path: Path, flags: Collection[int], reached: list[Reached]) -> None:
    print_heading(str(path))
    lacked = lacked_guards(flags)
    if lacked:
        print_indented(f"it follows rules of an older version, which let {lacked}")
    if not reached:
        print_indented("it names nothing outside its folder")
    for each in reached:
        print_indented(f"{one_line(each.what)}: {one_line(each.place, 4_096)}\n    {each.use}")


def _end(path: Path, word: str, as_json: bool, code: Exit = Exit.COMPLETED) -> Exit:
    if as_json:
        print_json(value={"path": str(path)}, status="completed" if code is Exit.COMPLETED else "refused")
    else:
        say(word)
    return code
