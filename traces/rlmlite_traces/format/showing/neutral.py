"""Texts of strangers for people: no character of them steers a terminal or turns the direction of a page."""

import re

# C0 and C1 controls, line and paragraph separators, marks that reverse the direction of text, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def neutral(text: str) -> str:
    """The text with characters that could steer a terminal written as escapes, such as `\\u001b`."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
