"""Which libraries the engines stand on. A trace records them, so that a difference under others is no forgery."""

import unicodedata
from functools import cache
from importlib.metadata import version

_LIBRARIES = ("google-re2", "numpy", "stringzilla")


@cache
def engine_versions() -> dict[str, str]:
    """Versions by name."""
    return {**{name: version(name) for name in _LIBRARIES}, "unicode": unicodedata.unidata_version}
