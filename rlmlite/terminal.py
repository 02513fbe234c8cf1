"""Text from elsewhere, made safe to print: a terminal must not obey what an input says."""

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    r"""The text with every control character but newline and tab spelled out (`\x1b`).

    So are the marks that turn the direction of writing round, and what UTF-8 cannot encode.
    """
    return _CONTROL.sub(lambda match: _escaped(match.group()), text)


def harmless_json(document: str) -> str:
    """JSON with the same characters as `\\u` escapes, which mean the same to whoever reads it."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", document)


def one_line(text: str, limit: int = 200) -> str:
    """The text harmless, on one line, and cut with a mark when it is long."""
    line = harmless(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
