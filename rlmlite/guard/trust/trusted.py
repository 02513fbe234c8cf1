"""Which settings files of folders this user trusts: by real path and content, each said once with `rlmlite trust`.

A folder that somebody else wrote can hold a settings file. What it may set without a word of the user is decided
elsewhere (`rlmlite.runs.settings`); here is who gave that word, and for what exactly:

    ~/app/rlmlite.toml      sha256 1f0c…    tools = ["tools.py:look"], policy = "policy.toml"
    ~/app/tools.py          sha256 93ab…
    ~/app/policy.toml       sha256 77e0…

A file counts as trusted while all of these have this content. After any change, or at another path, it does not. The
content that was compared is the content that is used (`PinnedFile`), so a file that is changed in between is an error.
Each trusted file is one small file in the user's state folder, so that two commands cannot undo each other's.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from rlmlite.errors import SettingError
from rlmlite.guard.places import is_closed, is_mine, make_private_folder, state_folder, write_private
from rlmlite.guard.regular_file import RegularFile, read_regular

MOST_BYTES: Final = 1_000_000
"""The longest file that is read to be trusted: settings, a policy, a module of tools."""

_FOLDER: Final = "trusted"
_SUFFIX: Final = ".json"


class Trusted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A settings file as it was trusted: its real path, its SHA-256, and those of the files that it names."""

    path: str
    digest: str
    files: Mapping[str, str] = {}


class PinnedFile(msgspec.Struct, frozen=True):
    """A file that must have the content that it had when it was trusted."""

    path: Path
    digest: str

    def read(self) -> bytes:
        """Its content. Raises `SettingError` if it is another one by now."""
        file = read_named(self.path)
        if file.digest != self.digest:
            raise SettingError(f"{self.path} was changed after it was trusted; look at it, then `rlmlite trust` again")
        return file.content


def read_named(path: Path) -> RegularFile:
    """A file that a settings file names. Raises `SettingError`."""
    try:
        return read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        raise SettingError(f"{path} does not exist") from None


def real_path(path: Path) -> Path:
    """The path by which a file is known here: absolute, its folder without links. Raises `SettingError`."""
    try:
        return Path(os.path.realpath(path.parent), path.name)
    except ValueError as error:  # a null byte
        raise SettingError(f"{str(path)!r} is not a path: {error}") from None


def trust(file: Trusted) -> None:
    """Remember that the user trusts a file. Raises `OSError`."""
    folder = make_private_folder(_folder())
    place = folder / _name(file.path)
    write_private(place, msgspec.json.encode(file))


def revoke_trust(path: Path) -> bool:
    """Forget that a file is trusted. Returns whether it was. Raises `OSError`."""
    try:
        (_folder() / _name(str(path))).unlink()
    except FileNotFoundError:
        return False
    return True


def find_trust(path: Path, digest: str) -> Trusted | None:
    """The word of the user for this file with this content, and for the files that it names; None without one.

    Raises `SettingError` if the list itself was tampered with.
    """
    trusted = _read(_folder() / _name(str(path)))
    if trusted is None or (trusted.path, trusted.digest) != (str(path), digest):
        return None
    unchanged = all(_has_digest(Path(name), expected) for name, expected in trusted.files.items())
    return trusted if unchanged else None


def trusted_files() -> list[Trusted]:
    """All files that the user trusts, by path, whether or not they still have that content."""
    places = sorted(_folder().glob(f"*{_SUFFIX}"))
    found = [trusted for trusted in map(_read, places) if trusted is not None]
    return sorted(found, key=lambda trusted: trusted.path)


def state_of(trusted: Trusted) -> str:
    """`counts`, or why a file that was trusted does not count any more."""
    path = Path(trusted.path)
    try:
        digest = read_named(path).digest
    except SettingError:
        return "gone, or no regular file: does not count"
    return "changed since: does not count" if find_trust(path, digest) is None else "counts"


def _has_digest(path: Path, expected: str) -> bool:
    try:
        return read_named(path).digest == expected
    except SettingError:  # gone, or no longer a plain file
        return False


def _read(place: Path) -> Trusted | None:
    try:
        file = read_regular(place, MOST_BYTES)
    except FileNotFoundError:
        return None
    # Whoever else could write here could have any folder trusted.
    if not is_mine(file.status) or not is_closed(file.status):
        raise SettingError(f"{place} can be written by others, so it is not believed; remove it, and trust again")
    try:
        return msgspec.json.decode(file.content, type=Trusted)
    except msgspec.MsgspecError:
        raise SettingError(f"{place} is damaged; remove it, and trust again") from None


def _folder() -> Path:
    return state_folder() / _FOLDER


def _name(path: str) -> str:
    # By its digest: a path has characters that a file name cannot have, and may be longer than one.
    return hashlib.sha256(os.fsencode(path)).hexdigest() + _SUFFIX
