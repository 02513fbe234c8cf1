"""Which libraries the engines stand on. A trace records them, so that a difference under others is no forgery."""

import unicodedata
from functools import cache
from importlib.metadata import version

from rlmlite_kernel.engines.cut.symbols import symbol_versions

_LIBRARIES = ("google-re2", "numpy", "stringzilla")


@cache
def engine_versions() -> dict[str, str]:
    """Versions by name, of extras those that are installed."""
    base = {name: version(name) for name in _LIBRARIES}
    return {**base, "unicode": unicodedata.unidata_version, **symbol_versions()}
