"""Settings files of older versions: names that have changed since, put right in the text of the file.

Only names are changed, and the file keeps its comments and its order. What comes out is parsed and compared with what
was meant; where the text cannot be changed that simply, it is said what to write instead.
"""

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from rlmlite.errors import SettingError

RENAMED: Final[Mapping[str, str]] = MappingProxyType({"read": "reading"})
"""Names of settings in older versions, and today's. The old ones are still read."""


class SettingsUpgrade(msgspec.Struct, frozen=True):
    """The text of a settings file with today's names, and which were renamed."""

    text: str
    renamed: Mapping[str, str]


def upgrade_settings(text: str, shown: str) -> SettingsUpgrade:
    """Today's form of a settings file. Raises `SettingError` for one that is not valid, or cannot be changed."""
    before = _parse(text, shown)
    renamed = {old: new for old, new in RENAMED.items() if old in before}
    for old, new in renamed.items():
        if new in before:
            raise SettingError(f"{shown} has both `{old}` and `{new}`, which are one setting; keep one of them")
        # At the beginning of a line, as a key, a part of a dotted one, or in the name of a table.
        text = re.sub(rf"(?m)^(\s*\[{{0,2}}\s*){re.escape(old)}(?=\s*[\].=])", rf"\g<1>{new}", text)
    after = {renamed.get(name, name): value for name, value in before.items()}
    if _parse(text, shown) != after:
        names = ", ".join(f"`{old}` is `{new}` today" for old, new in renamed.items())
        raise SettingError(f"{shown} cannot be changed safely: edit it by hand: {names}")
    return SettingsUpgrade(text, renamed)


def _parse(text: str, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{shown} cannot be read, because it is not valid TOML: {error}") from None
