"""Versions of installed libraries, read from the names of the folders that installers leave beside them.

The distribution `google-re2` 1.1 has a folder `google_re2-1.1.dist-info` on the path, so one listing of each folder on
the path gives all versions:

    google_re2-1.1.dist-info        google-re2 1.1
    PyYAML-6.0-py3.11.egg-info      pyyaml 6.0
    oldlib.egg-info                 oldlib, version not in the name: ask importlib.metadata

`importlib.metadata` gives the same answers (a test compares them), but it reads a file per name and takes 40 ms to
import, which is longer than a small run. So it is asked only in the third case, which old installers leave behind.
"""

import functools
import os
import re
import sys
from collections.abc import Mapping

_FOLDER = re.compile(r"([^-]+)(?:-([^-]+)(?:-py\d[\d.]*)?)?\.(?:dist-info|egg-info)", re.IGNORECASE)


def installed_version(name: str) -> str | None:
    """The version of a distribution, or `None` if it is not installed. The name may be spelled as pip accepts it."""
    version = _versions().get(_normalize(name))
    return _read_metadata_version(name) if version == "" else version


@functools.cache
def _versions() -> Mapping[str, str]:
    """The version of each distribution on the path, or an empty string where the folder's name has none."""
    versions: dict[str, str] = {}
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            # A zip file, or a folder that does not exist: there are no folders beside its packages.
            continue
        for entry in entries:
            match = _FOLDER.fullmatch(entry)
            if match is not None:
                # The first match wins, since Python imports from the first folder that has the package.
                versions.setdefault(_normalize(match[1]), match[2] or "")
    return versions


def _read_metadata_version(name: str) -> str | None:
    """The version in the distribution's own metadata file: slow, so imported and read only when needed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _normalize(name: str) -> str:
    """A name in the form in which package indexes compare names: `Google_RE2` becomes `google-re2`."""
    return re.sub("[-_.]+", "-", name).lower()
