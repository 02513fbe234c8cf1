"""The versions of the libraries behind the engines.

A trace records them, so that a result that differs under other versions is not mistaken for tampering.
"""

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

VersionOf: TypeAlias = Callable[[str], str | None]
"""The installed version of a library by its name, `None` if it is not installed."""

_LIBRARIES = ("google-re2", "numpy", "stringzilla")


@cache
def engine_versions(version_of: VersionOf | None = None) -> Mapping[str, str]:
    """Versions by name. Those of a host's parser are its own to add (`values.parsers`).

    `version_of` is for a host that can look faster than `importlib.metadata`, whose import takes 30 ms.
    """
    look_up = version_of or _recorded_version
    versions = {name: look_up(name) for name in _LIBRARIES}
    installed = {name: version for name, version in versions.items() if version is not None}
    return {**installed, "unicode": unicodedata.unidata_version}


def _recorded_version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
