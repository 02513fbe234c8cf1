"""The texts that every controller reads: what its task is, and how programs are written.

They are files beside this one, so that they can be read and changed as prose. A trace records their digests: whoever
compares two runs sees whether their controllers were told the same.
"""

import hashlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


@cache
def instructions() -> str:
    """The task of a controller."""
    return _read("instructions.md")


@cache
def syntax() -> str:
    """How programs are written, in a dozen lines."""
    return _read("syntax.md")


class CardEntry(NamedTuple):
    """What the card says of an action: how it is called, with the parameters that matter, and what it gives."""

    usage: str
    words: str


@cache
def card_entries() -> Mapping[str, CardEntry]:
    """The entries of the card by action, from lines such as `load(target): a part in full`."""
    entries: dict[str, CardEntry] = {}
    for line in _read("actions.md").splitlines():
        usage, _, words = line.partition("):")
        usage = usage.removesuffix(")") + ")"
        entries[usage.partition("(")[0]] = CardEntry(usage, words.strip())
    return entries


def digest(text: str) -> str:
    """The SHA-256 of a text, in hex, by which a trace names it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(name: str) -> str:
    content = pkgutil.get_data("rlmlite.agent.prompts", name)  # `importlib.resources` takes 5 ms to import
    assert content is not None  # only a namespace package has no way to its files
    return content.decode()
