"""Where this user's own files of rlmlite are: settings, and what the machine remembers. Not here: caches.

    settings    ~/.config/rlmlite           written by the user; never by rlmlite
    state       ~/.local/state/rlmlite      written by rlmlite: which folders are trusted, a key; only for this user

On other systems than Linux these are the platform's folders. `RLMLITE_HOME` puts both below one folder, for tests and
for machines whose home cannot be written to.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Final

from rlmlite.errors import SettingError

HOME_VARIABLE: Final = "RLMLITE_HOME"
ROOTS_VARIABLE: Final = "RLMLITE_ROOTS"
"""Names the file of known roots. The environment is the user's word; no settings file of a folder can name one."""

_NAME: Final = "rlmlite"
_ONLY_THIS_USER = 0o700
_ONLY_THIS_USERS_FILE = 0o600


def settings_folder() -> Path:
    """The folder of the user's settings file; it may not exist."""
    return _folder("config", "XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """The folder of what is remembered between commands; it may not exist."""
    return _folder("state", "XDG_STATE_HOME", ".local/state")


def make_private_folder(folder: Path) -> Path:
    """The folder, made if there is none, closed to other users. Raises `OSError`.

    Folders above it that are missing are made in the same way, one by one: `mkdir` with `parents` would leave these as
    open as the umask does.
    """
    missing = [above for above in folder.parents if not above.exists()]
    for each in (*reversed(missing), folder):
        each.mkdir(mode=_ONLY_THIS_USER, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(_ONLY_THIS_USER)
    return folder


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, in place of whatever has its name. Raises `OSError`.

    It is made under another name and renamed, so nobody reads half of it, and a link of that name is replaced instead
    of followed.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_THIS_USERS_FILE)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def without_links(path: Path) -> Path:
    """A relative path that we chose, where no part of it is a link. Raises `SettingError` for one that is.

    Nobody has named that path, so whoever made the folder could have made `.rlmlite` a link to a folder of somebody
    else's, or to one that all can read, and receipts and copies of inputs would be written there.
    """
    for part in (path, *path.parents):
        if part.is_symlink():
            raise SettingError(
                f"{part} is a link, and nobody has named where it leads; name the folder (--trace DIR, --store DIR), "
                "or remove the link"
            )
    return path


def is_mine(status: os.stat_result) -> bool:
    """Whether a file belongs to this user. True where the system has no owners."""
    user = getattr(os, "geteuid", None)
    return user is None or status.st_uid == user()


def is_closed(status: os.stat_result) -> bool:
    """Whether nobody but the owner may write to a file. True where the system has no such modes."""
    return os.name != "posix" or not status.st_mode & 0o022


def _folder(kind: str, variable: str, default: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).absolute() / kind
    if sys.platform != "linux":
        import platformdirs

        make = platformdirs.user_config_dir if kind == "config" else platformdirs.user_state_dir
        return Path(make(_NAME))
    # What platformdirs does on Linux (a test compares), without its import, which takes longer than a small run.
    # One that is relative is to be ignored: with it, a folder that one works in would be the user's own.
    base = os.environ.get(variable, "").strip()
    return Path(base if os.path.isabs(base) else os.path.join(os.path.expanduser("~"), default)) / _NAME
