"""The texts that every controller reads: what its task is, and how programs are written.

They are files (`prompts/`), so that they can be read and changed as prose. A trace records their digests: whoever
compares two runs sees whether their controllers were told the same.
"""

import hashlib
import pkgutil
from functools import cache


@cache
def instructions() -> str:
    """The task of a controller."""
    return _read("instructions.md")


@cache
def syntax() -> str:
    """How programs are written, in a dozen lines."""
    return _read("syntax.md")


def digest(text: str) -> str:
    """The SHA-256 of a text, in hex, by which a trace names it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(name: str) -> str:
    content = pkgutil.get_data("rlmlite.agent", f"prompts/{name}")  # `importlib.resources` takes 5 ms to import
    assert content is not None  # only a namespace package has no way to its files
    return content.decode()
