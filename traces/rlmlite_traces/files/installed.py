"""Versions of installed libraries, by the names of the folders that installers leave beside them.

A distribution `google-re2` 1.1 has a folder `google_re2-1.1.dist-info` on the path, so one listing of each folder on
the path says all versions. `importlib.metadata` gives the same (a test compares), but reads a file for each name and
takes 40 ms of imports, longer than a small run. It is still asked where a name says no version: of old installers.
"""

import functools
import os
import re
import sys
from collections.abc import Mapping

_FOLDER = re.compile(r"([^-]+)(?:-([^-]+)(?:-py\d[\d.]*)?)?\.(?:dist-info|egg-info)", re.IGNORECASE)


def installed_version(name: str) -> str | None:
    """The version of a distribution, `None` if it is not installed."""
    version = _versions().get(_normalize(name))
    return _read_metadata_version(name) if version == "" else version


@functools.cache
def _versions() -> Mapping[str, str]:
    """The version of each distribution on the path, empty where its folder's name does not say it."""
    versions: dict[str, str] = {}
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:  # a zip file, or a folder that is not there
            continue
        for entry in entries:
            match = _FOLDER.fullmatch(entry)
            if match is not None:
                versions.setdefault(_normalize(match[1]), match[2] or "")  # what comes first on the path is imported
    return versions


def _read_metadata_version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _normalize(name: str) -> str:
    """A name as package indexes compare it."""
    return re.sub("[-_.]+", "-", name).lower()
