"""Settings of the command line: the user's file, the folder's file, `RLMLITE_*` variables, then flags.

What comes later wins, name by name; of `limits`, `prices` and `reading` entry by entry:

    ~/.config/rlmlite/rlmlite.toml    timeout = 60
    rlmlite.toml                      workers = 4, [limits] turns = 9; what is not harmless needs `rlmlite trust`
    the environment                   RLMLITE_LIMITS__STEPS=100
    flags                             --workers 8
    the settings                      timeout=60, workers=8, limits=Limits(turns=9, steps=100)

Each file is read once for each command, and the trace says which ones counted. The Python API reads none of these.
Not here: how files are read (`files`), what counts of a folder's (`folder`), variables (`environment`), and which
settings there are and what values they accept (`rlmlite.runs.settings`).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.cli.output.logs import log
from rlmlite.cli.settings.environment import from_environment, merge
from rlmlite.cli.settings.files import FILE, SettingsFile, by_setting, read_folder_file, read_user_file, user_path
from rlmlite.clients.interface.roles import flat_roles
from rlmlite.errors import SettingError
from rlmlite.guard.memory import limit_memory
from rlmlite.runs.settings import SETTINGS, RunSettings, make_settings
from rlmlite_kernel.engines import MAX_THREADS


def load(flags: Mapping[str, object], *, flags_only: Iterable[str] = ()) -> RunSettings:
    """The settings of a command; `None` is a flag that was not given.

    `flags_only` are settings that files and the environment do not set here. Raises `SettingError`.
    """
    explicit = by_setting(flags)
    left_out = frozenset(flags_only)
    # The command has the machine to itself. In Python the host decides, so there no default is set.
    values: dict[str, Any] = {"threads": min(MAX_THREADS, _processors())}
    labels: dict[str, str] = {}
    own = read_user_file()
    if own is not None:
        counted = _without(anchored(own.values, own.path.parent), left_out)
        values = _over(values, counted)
        # Names alone: with its digest, two traces of one user could be told to be so.
        labels["settings.user"] = ", ".join(counted) or "none"
        log.info("settings of the user", file=own.path)
    folder = read_folder_file()
    if folder is not None:
        values = _over(values, _of_folder(folder, make_settings(values), left_out, labels))
    environment = from_environment({} if own is None else own.values.get("keys"))
    values = _over(values, _without(environment, left_out))
    values = _over(values, explicit)
    if labels:
        values["scope"] = {**SETTINGS["scope"].check("scope", values.get("scope", {})), **labels}
    settings = make_settings(values, explicit=explicit)
    # Now, and not with the run: inputs are loaded before it. `app` has set the default.
    if settings.max_memory is not None:
        limit_memory(settings.max_memory)
    return settings


def _of_folder(
    file: SettingsFile, own: RunSettings, left_out: frozenset[str], labels: dict[str, str]
) -> Mapping[str, Any]:
    """What counts of a folder's settings. What does not is said; `labels` gets what the trace records of it."""
    from rlmlite.cli.settings.folder import settings_of_folder  # only where there is a file

    known = msgspec.structs.replace(file, values=_without(file.values, left_out))
    found = settings_of_folder(known, own)
    labels["settings.folder"] = f"{file.digest} {'trusted' if found.trusted else 'not trusted'}"
    counted = ", ".join(found.counted) or "none"
    log.info("settings of the folder", file=file.path, trusted=found.trusted, counted=counted)
    if found.ignored:
        names = ", ".join(found.ignored)
        labels["settings.ignored"] = names
        if found.trusted:
            log.warning(f"{FILE}: {names} ignored: a folder may not set this; it belongs into {user_path()}")
        else:
            log.warning(f"{FILE} is not trusted, so these settings are ignored: {names}; `rlmlite trust` shows them")
    return found.counted


def _without(values: Mapping[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in left_out}


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The values of two sources, the later over the earlier."""
    values = dict(under)
    limits = over.get("limits", {})
    # One cap has two names: the later source has the say, under whichever name. Both in one source are refused later.
    if "max_cost" in over and isinstance(values.get("limits"), dict):
        values["limits"] = {name: limit for name, limit in values["limits"].items() if name != "cost_nano"}
    if isinstance(limits, dict) and "cost_nano" in limits:
        values.pop("max_cost", None)
    return merge(values, over)


def anchored(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values with their relative paths below a folder: the one of the file that they stand in."""
    anchored: dict[str, Any] = dict(values)
    for name, value in values.items():
        if name in _PATHS and isinstance(value, str):
            anchored[name] = str(folder / value)
        elif name in _WITH_PATHS:
            is_list = isinstance(value, list)
            texts = [_anchor(text, folder) for text in (value if is_list else [value])]
            anchored[name] = texts if is_list else texts[0]
        elif name == "roles" and isinstance(value, dict):
            named = flat_roles(value)
            anchored[name] = {
                key: _anchor(each, folder) if key.endswith(".model") else each for key, each in named.items()
            }
    return anchored


_PATHS = ("policy", "store", "copy_to", "trace")
_WITH_PATHS = ("controller", "sub", "nested", "tools", "approve")
_FILE_SCHEMES = ("mailbox:", "replay:", "scripted:")


def _anchor(text: Any, folder: Path) -> Any:
    """`scripted:FILE` or `FILE.py:NAME` with the path below the folder; anything else as it is."""
    if not isinstance(text, str):
        return text
    for scheme in _FILE_SCHEMES:
        if text.startswith(scheme) and text != scheme:
            return scheme + str(folder / text.removeprefix(scheme))
    place, _, name = text.rpartition(":")
    return f"{folder / place}:{name}" if place.endswith(".py") else text


def _processors() -> int:
    """How many processors this process may use; where the system does not say, how many there are."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only; a container may be held to a part of the machine
    if allowed is not None:
        return len(allowed(0)) or 1
    return os.cpu_count() or 1


def limit_flags(arguments: Iterable[str]) -> dict[str, str]:
    """The limits of `--limit NAME=VALUE`. Raises `SettingError`."""
    return _pairs(arguments, "limit {name} has no value; write {name}=NUMBER")


def reading_flags(arguments: Iterable[str]) -> dict[str, str]:
    """How inputs are read, from `--read NAME=VALUE`. Raises `SettingError`."""
    return _pairs(arguments, "--read {name}: write --read {name}=VALUE")


def role_flags(arguments: Iterable[str]) -> dict[str, str]:
    """The roles of `--role NAME=MODEL` and `--role NAME.OPTION=VALUE`. Raises `SettingError`."""
    return _pairs(arguments, "--role {name}: write --role NAME=MODEL, or --role NAME.OPTION=VALUE")


def _pairs(arguments: Iterable[str], message: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise SettingError(message.format(name=name))
        pairs[name] = value
    return pairs


def price_flags(arguments: Iterable[str]) -> dict[str, str]:
    """The prices of `--price IN,OUT` (for every model) and `--price MODEL=IN,OUT`."""
    pairs = (argument.rpartition("=") for argument in arguments)  # a model string may have `=` in it
    return {model: amounts for model, _, amounts in pairs}
