"""Fences: content from outside, marked as data with its source, so that nothing in it reads as an instruction."""

import hashlib
from collections.abc import Iterable


def _opening(tag: str, source: str) -> bytes:
    return f"<data {tag} from={source}>\n".encode()


def _closing(tag: str) -> bytes:
    return f"\n</data {tag}>".encode()


def fenced(content: bytes, source: str) -> bytes:
    """Content as prompts and observations show it: as data, with its source."""
    tag = hashlib.sha256(content).hexdigest()[:8]
    return _opening(tag, source) + content + _closing(tag)


_NAME = 40  # characters of a name that stands outside a fence


def worded(names: Iterable[str]) -> str:
    """Names as a list outside a fence: only those that are plain words, for others can say anything."""
    known = list(names)
    plain = [name for name in known if name.isidentifier() and name.isascii() and len(name) <= _NAME]
    others = len(known) - len(plain)
    return ", ".join([*plain, *([f"{others:,} other names"] if others else [])])
