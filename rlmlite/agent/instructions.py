"""The texts that a controller is given, which are files: what it is to do, and how programs are written."""

import hashlib
from functools import cache
from importlib import resources


@cache
def instructions() -> str:
    """What a controller is to do."""
    return _read("instructions.md")


@cache
def syntax() -> str:
    """How programs are written, in a dozen lines."""
    return _read("syntax.md")


def digest(text: str) -> str:
    """The SHA-256 by which a trace names a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(name: str) -> str:
    return resources.files("rlmlite.agent").joinpath("prompts", name).read_text("utf-8")
