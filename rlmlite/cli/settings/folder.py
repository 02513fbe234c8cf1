"""What counts of a folder's settings: all but the keys if the user trusts the file, else what is harmless.

    rlmlite.toml            trusted    not trusted
    [limits] turns = 5      counts     counts: the user's own limit is 30
    [limits] turns = 900    counts     ignored: more than the user's own
    tools = ["evil.py:f"]   counts     ignored, and said
    [keys]                  ignored    ignored, and said

The rule of each setting is in the table of settings (`FolderRule`). A policy and the files of functions that a
trusted file names are trusted with it, so they come out of here as files with that content (`PinnedFile`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rlmlite.cli.settings.files import SettingsFile
from rlmlite.clients.interface.prices import nano
from rlmlite.errors import SettingError
from rlmlite.guard.trust.folder_rules import ANY, LOWER, MORE_WHEN_OFF, NEVER, asks_for_less
from rlmlite.guard.trust.trusted import PinnedFile, Trusted, find_trust, real_path
from rlmlite.runs.settings import SETTINGS, RunSettings
from rlmlite.tools.tool_names import PinnedTool, file_of_tool, name_of_tool

_FUNCTIONS = ("tools", "redact")
"""Settings that name functions of the user's, one each entry, which may lie in files."""


class FolderSettings(msgspec.Struct, frozen=True):
    """What counts of a folder's settings, what does not (`limits.turns`), and whether the file is trusted."""

    counted: Mapping[str, Any]
    ignored: tuple[str, ...]
    trusted: bool


def settings_of_folder(file: SettingsFile, own: RunSettings) -> FolderSettings:
    """Divide the settings of a folder. `own` are the user's without it. Raises `SettingError`."""
    trusted = find_trust(file.path, file.digest)
    if trusted is not None:
        never = tuple(name for name in file.values if SETTINGS[name].folder is NEVER)
        values = {name: value for name, value in file.values.items() if name not in never}
        return FolderSettings(_pin(values, file.path.parent, trusted), never, trusted=True)
    counted: dict[str, Any] = {}
    ignored: list[str] = []
    for name, entry, value in parts_of(file.values):
        if not is_harmless(name, entry, value, own):
            ignored.append(name if entry is None else f"{name}.{entry}")
        elif entry is None:
            counted[name] = value
        else:
            counted.setdefault(name, {})[entry] = value
    return FolderSettings(counted, tuple(ignored), trusted=False)


def parts_of(values: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """Each setting with its value; tables of amounts entry by entry."""
    for name, value in values.items():
        if SETTINGS[name].folder is LOWER and isinstance(value, dict):
            yield from ((name, entry, part) for entry, part in value.items())
        else:
            yield name, None, value


def is_harmless(name: str, entry: str | None, value: object, own: RunSettings) -> bool:
    """Whether a setting, or an entry of one that is a table, may count without a word of the user."""
    setting = SETTINGS[name]
    if setting.folder is not LOWER:
        return setting.folder is ANY
    if entry is None:
        amount = setting.check(name, value)
        # The cap on the cost has two names. However the user has written it, it is in the limits.
        if name == "max_cost":
            return asks_for_less(nano(amount), own.limits.cost_nano)
        return asks_for_less(amount, getattr(own, name))
    amount = getattr(setting.check(name, {entry: value}), entry)
    own_amount = getattr(getattr(own, name), entry)
    if entry in MORE_WHEN_OFF:
        return asks_for_less(own_amount, amount)
    return asks_for_less(amount, own_amount)


def named_files(values: Mapping[str, Any], folder: Path) -> list[Path]:
    """The files that a folder's settings name and that are trusted with them: the policy, and functions in files."""
    policy = values.get("policy")
    names = [policy] if isinstance(policy, str) else []
    functions = [item for name in _FUNCTIONS for item in _listed(values, name)]
    names += [place for function in functions if (place := file_of_tool(function)) is not None]
    return [real_path(folder / name) for name in names]


def _listed(values: Mapping[str, Any], name: str) -> list[Any]:
    """The functions that a setting names; of `redact` a text may hold several."""
    value = values.get(name, [])
    items = value if isinstance(value, list) else [value]
    if name != "redact":
        return items
    return [part.strip() for item in items for part in (item.split(",") if isinstance(item, str) else [item])]


def _pin(values: Mapping[str, Any], folder: Path, trusted: Trusted) -> dict[str, Any]:
    """The values, with files of which the content is known in the place of their names."""
    pinned = dict(values)
    if isinstance(values.get("policy"), str):
        pinned["policy"] = _pinned(folder / values["policy"], trusted)
    for name in _FUNCTIONS:
        if name in values:
            pinned[name] = [_pinned_tool(function, folder, trusted) for function in _listed(values, name)]
    return pinned


def _pinned_tool(tool: Any, folder: Path, trusted: Trusted) -> Any:
    place = file_of_tool(tool)
    if place is None:
        return tool
    return PinnedTool(_pinned(folder / place, trusted), name_of_tool(tool))


def _pinned(path: Path, trusted: Trusted) -> PinnedFile:
    path = real_path(path)
    digest = trusted.files.get(str(path))
    # The list of trusted files is the user's, but another version may have written it by other rules.
    if digest is None:
        raise SettingError(f"{path} is not among the files that were trusted; trust {trusted.path} again")
    return PinnedFile(path, digest)
