"""`rlmlite trust`: what a folder's settings would allow, and the user's word for them.

What is shown and what is trusted are the same bytes: the file and the files that it names are read once. Without a word
at the terminal (or `--yes`) nothing is written.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.cli.settings.files import FILE, SettingsFile, read_folder_file, read_user_file
from rlmlite.cli.settings.folder import is_harmless, named_files, parts_of
from rlmlite.errors import InputError, SettingError
from rlmlite.guard.terminal import ask_yes_no
from rlmlite.guard.trust.folder_rules import NEVER
from rlmlite.guard.trust.trusted import (
    Trusted,
    find_trust,
    read_named,
    real_path,
    revoke_trust,
    state_of,
    trust,
    trusted_files,
)
from rlmlite.runs.settings import SETTINGS, RunSettings, make_settings
from rlmlite.tools.approvals import visible_json
from rlmlite_traces.format.lines import RECORDS

_CONSEQUENCES = {
    "controller": "prompts, with what programs show of your inputs, go to this model",
    "sub": "prompts, with parts of your inputs, go to this model",
    "nested": "prompts, with parts of your inputs, go to this model",
    "roles": "prompts, with parts of your inputs, go to the models named here",
    "tools": "code is executed on this machine, with your rights",
    "policy": "this file decides which calls are made without asking you, and what may leave the machine",
    "approve": "calls that need an approval are decided there",
    "trace": "receipts, with parts of your inputs, are written there, or not at all",
    "run_key": "whoever knows this key can tell what the receipts commit to",
    "scope": "the receipts say this about your runs",
    "copy_inputs": "your inputs are copied into the store",
    "store": "your inputs are copied there",
    "copy_to": "your inputs are copied there",
    "prices": "limits of cost are counted with these prices",
}
"""What a setting does to the user who trusts it. The others ask for more of something than the user's own settings."""


class Request(msgspec.Struct, frozen=True):
    """What a settings file asks for beyond what is harmless: lines of setting, value and consequence."""

    file: SettingsFile
    trusted: Trusted
    lines: tuple[tuple[str, str, str], ...]
    refused: tuple[str, ...]


def run(path: Path | None, *, yes: bool, listing: bool, revoke: bool, as_json: bool) -> Exit:
    """The command."""

    def work() -> Exit:
        if listing:
            return _list(as_json)
        if path is not None and is_trace(path):
            from rlmlite.cli.commands.sessions.trust import revoke_trace, trust_trace  # with what reads a trace

            return revoke_trace(path, as_json) if revoke else trust_trace(path, yes, as_json)
        place = _settings_path(path)
        return _revoke(place, as_json) if revoke else _trust(place, yes, as_json)

    return exit_code_of(work, as_json=as_json)


def is_trace(path: Path) -> bool:
    """Whether a path is that of a trace, and not of a folder with settings."""
    return path.is_dir() and (path / RECORDS).is_file()


def _settings_path(path: Path | None) -> Path:
    if path is None:
        return FILE
    return path / FILE if path.is_dir() else path


def _trust(path: Path, yes: bool, as_json: bool) -> Exit:
    request = _read_request(path)
    if find_trust(request.file.path, request.file.digest) == request.trusted:
        return _end(request, "trusted already", as_json)
    if not as_json:
        _show(request)
    if not yes and not ask_yes_no(f"Trust {request.file.path} with this content?"):
        return _end(request, "not trusted", as_json, Exit.REFUSED)
    trust(request.trusted)
    return _end(request, "trusted", as_json)


def _read_request(path: Path) -> Request:
    """Raises `InputError` if there is no such file, `SettingError` for one that cannot be trusted."""
    if path.name != FILE.name:
        raise SettingError(f"{path}: only the settings of a folder are trusted, a file called {FILE}")
    file = read_folder_file(path)
    if file is None:
        raise InputError(f"there is no {path} that needs trust")
    names = [file.path, *named_files(file.values, file.path.parent)]
    # What cannot be shown as it is cannot be agreed to, and a line end would make two lines of one.
    for name in names:
        if not str(name).isprintable():
            raise SettingError(f"{str(name)!r} is a path with characters that cannot be shown; rename it first")
    named = {str(name): read_named(name).digest for name in names[1:]}
    trusted = Trusted(str(file.path), file.digest, named)
    own = read_user_file()
    lines = tuple(_lines(file, make_settings({} if own is None else own.values)))
    refused = tuple(name for name in file.values if SETTINGS[name].folder is NEVER)
    return Request(file, trusted, lines, refused)


def _lines(file: SettingsFile, own: RunSettings) -> Iterator[tuple[str, str, str]]:
    for name, entry, value in parts_of(file.values):
        is_risky = SETTINGS[name].folder is not NEVER and not is_harmless(name, entry, value, own)
        if is_risky:
            label = name if entry is None else f"{name}.{entry}"
            more = "more than your own settings, or other than these"
            yield label, _shown(value), _CONSEQUENCES.get(name, more)


def _shown(value: Any) -> str:
    """The value, whole and in visible characters: what is not seen cannot be agreed to."""
    try:
        return visible_json(value)
    except TypeError:  # a date or a time of TOML, which no setting has
        return visible_json(str(value))


def _show(request: Request) -> None:
    owner = "" if request.file.mine else "; it belongs to another user"
    print_heading(f"{request.file.path}{owner}")
    if not request.lines:
        print_indented("it asks for nothing that needs trust")
    for label, value, consequence in request.lines:
        print_indented(f"{label} = {value}\n    {consequence}")
    for name, digest in request.trusted.files.items():
        print_indented(f"{name} as it is now (sha256 {digest})")
    if request.refused:
        print_indented(f"ignored in any case: {', '.join(request.refused)}")


def _end(request: Request, word: str, as_json: bool, code: Exit = Exit.COMPLETED) -> Exit:
    if as_json:
        print_json(value=_document(request.trusted), status="completed" if code is Exit.COMPLETED else "refused")
    else:
        say(word)
    return code


def _list(as_json: bool) -> Exit:
    found = [(trusted, state_of(trusted)) for trusted in trusted_files()]
    if as_json:
        print_json(value=[{**_document(trusted), "state": state} for trusted, state in found])
        return Exit.COMPLETED
    for trusted, state in found:
        print_indented(f"{trusted.path}: {state}", by="")
        for name in trusted.files:
            print_indented(name)
    if not found:
        say("nothing is trusted")
    return Exit.COMPLETED


def _revoke(path: Path, as_json: bool) -> Exit:
    known_as = real_path(path)
    if not revoke_trust(known_as):
        raise InputError(f"{known_as} is not trusted; `rlmlite trust --list` shows what is")
    if as_json:
        print_json(value={"path": str(known_as)})
    else:
        say(f"{known_as} is no longer trusted")
    return Exit.COMPLETED


def _document(trusted: Trusted) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(msgspec.json.encode(trusted))
    return document
