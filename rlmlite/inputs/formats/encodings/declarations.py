"""What an XML or HTML text declares its encoding to be, at its start and nowhere else.

A declaration in the middle is of another text, which this one quotes. So XML declares on its first line; HTML in its
head, before anything that is shown, in an element `meta` of its own:

    <?xml version="1.0" encoding="koi8-r"?>                  koi8-r
    <html><head><meta charset=sjis>                          shift_jis
    <html><title><meta charset=sjis></title>                 none: a title is text
    10:02 opened <?xml encoding="sjis"?>                     none: a log
"""

import re
from typing import Final

LONGEST: Final = 31
"""Characters of a name; no encoding's is longer."""

_XML = re.compile(
    rb"""\s{0,99}<\?xml\s[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}["']\s{0,9}([A-Za-z][\w.:-]{1,30})\s{0,9}["']""", re.I
)
_TAG = re.compile(rb"""<(/?[A-Za-z!?][^\s>/]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>""")
_ATTRIBUTE = re.compile(rb"""([^\s=>"'/]+)\s{0,9}=\s{0,9}("[^"]*"|'[^']*'|[^\s>"']+)""")
_CHARSET = re.compile(rb"""charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z][\w.:-]{1,30})""", re.I)
_MARKUP = re.compile(rb"\s*<[A-Za-z!?]")
_TEXT_INSIDE = (b"title", b"script", b"style", b"noscript", b"textarea")
"""Elements of a head whose content is no markup."""

_AFTER_HEAD = (b"/head", b"body")


def declared_name(head: bytes) -> str | None:
    """The name that the start of a text declares, as it is spelled there; None if it declares nothing."""
    # Searched as bytes: until the declaration is found, there is no encoding to decode it by. It is ASCII anyway.
    match = _XML.match(head)
    if match is not None:
        return match[1].decode("ascii")
    return _declared_by_html(head) if _MARKUP.match(head) else None


def _declared_by_html(head: bytes) -> str | None:
    place = 0
    while (place := head.find(b"<", place)) >= 0:
        if head.startswith(b"<!--", place):
            place = _after(head, b"-->", place + 4)
            continue
        tag = _TAG.match(head, place)
        # A sign that begins no tag, or one without an end.
        if tag is None:
            place += 1
            if not _MARKUP.match(head, place - 1):
                continue
            return None
        name, place = tag[1].lower(), tag.end()
        if name in _AFTER_HEAD:
            return None
        if name == b"meta":
            declared = _declared_by_meta(tag[2])
            if declared is not None:
                return declared
        elif name in _TEXT_INSIDE:
            place = _after(head, b"</" + name, place)
    return None


def _declared_by_meta(attributes: bytes) -> str | None:
    """The encoding that a `meta` declares: `charset=x`, or `content="...; charset=x"` where it stands for a header."""
    values = {name.lower(): value.strip(b"\"' \t") for name, value in _ATTRIBUTE.findall(attributes)}
    if b"charset" in values:
        match = _CHARSET.fullmatch(b"charset=" + values[b"charset"])
    elif b"http-equiv" in values:
        match = _CHARSET.search(values.get(b"content", b""))
    else:
        match = None
    return None if match is None else match[1].decode("ascii")


def _after(head: bytes, end: bytes, start: int) -> int:
    """The place after the next such end; the end of the head if there is none."""
    place = head.lower().find(end, start)
    return len(head) if place < 0 else place + len(end)
