"""Settings files: the user's own, and the one in the working folder. Each is read once, as what it is.

    the user's    ~/.config/rlmlite/rlmlite.toml    must be the user's own, and closed to others; may be a link
    a folder's    rlmlite.toml                      may be anything: a link, a FIFO, 10 GB, nested a million deep

Only the working folder itself is looked at, not those above it. Not here: which of a folder's settings count
(`folder`), and what the values may be (`rlmlite.runs.settings`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from rlmlite.errors import SettingError
from rlmlite.errors.checks import cut
from rlmlite.guard.places import is_closed, is_mine, settings_folder
from rlmlite.guard.regular_file import RegularFile, read_regular
from rlmlite.guard.trust.trusted import real_path
from rlmlite.runs.settings import SETTINGS, hint_for

FILE: Final = Path("rlmlite.toml")

MOST_BYTES: Final = 64_000
_MOST_DOTS: Final = 200
"""In one line. `a.a.a.a` … = 1 takes Python's parser a time that grows as the square of the dots: 31 s for 64 kB."""

_LONGEST_NAME: Final = 60

_ALIASES = {"read": "reading"}  # its name outside Python
_TEXT_SETTINGS = [name for name, setting in SETTINGS.items() if not setting.python_only]


class SettingsFile(msgspec.Struct, frozen=True):
    """A settings file as it was read: where, its SHA-256, whether it is this user's, its values by setting."""

    path: Path
    digest: str
    mine: bool
    values: Mapping[str, Any]


def user_path() -> Path:
    """Where the user's own settings are, if there are any."""
    return settings_folder() / FILE


def read_user_file() -> SettingsFile | None:
    """The user's own settings. Raises `SettingError` for a file that others could have written."""
    path = user_path()
    try:
        # Here a link is as good as the file: the folder is the user's, and many keep their settings elsewhere.
        file = read_regular(path, MOST_BYTES, follow_link=True)
    except FileNotFoundError:
        return None
    if not is_mine(file.status) or not is_closed(file.status):
        raise SettingError(f"{path} can be written by others; it decides where keys go, so: chmod go-w {path}")
    return _parse(path, path, file)


def read_folder_file(path: Path = FILE) -> SettingsFile | None:
    """The settings of a folder; None without any, and in the folder of the user's own."""
    known_as = real_path(path)
    if known_as == real_path(user_path()):
        return None
    try:
        file = read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    return _parse(known_as, path, file)


def _parse(path: Path, shown: Path, file: RegularFile) -> SettingsFile:
    import tomllib  # only where there is a file

    for number, line in enumerate(file.content.splitlines(), 1):
        if line.count(b".") > _MOST_DOTS:
            raise SettingError(f"{shown} cannot be read: line {number} has more than {_MOST_DOTS} dots")
    try:
        parsed = tomllib.loads(file.content.decode())
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of a number with a million digits
        raise SettingError(f"{shown} cannot be read, because it is not valid TOML: {error}") from None
    values = {setting_name(name, f"in {shown}"): value for name, value in parsed.items()}
    return SettingsFile(path, file.digest, is_mine(file.status), values)


def setting_name(key: str, place: str) -> str:
    """The setting of a key. Raises `SettingError` for one that there is not, or that text cannot express."""
    name = _ALIASES.get(key, key)
    # Refused and not ignored: a misspelt limit must not become a run without that limit.
    if name not in SETTINGS:
        # Cut, since it may be a stranger's; and no hint for what is no name, since looking for one takes a while.
        hint = hint_for(key, _TEXT_SETTINGS) if len(key) <= _LONGEST_NAME else f"settings: {', '.join(_TEXT_SETTINGS)}"
        raise SettingError(f"there is no setting `{cut(key)}` ({place}); {hint}")
    if SETTINGS[name].python_only:
        raise SettingError(f"the setting `{key}` ({place}) can only be given in Python")
    return name


def by_setting(flags: Mapping[str, object]) -> dict[str, object]:
    """Flags by the names of their settings, without those that were not given."""
    return {_ALIASES.get(name, name): value for name, value in flags.items() if value is not None}
