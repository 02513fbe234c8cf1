"""Encodings: text that is not valid UTF-8 becomes UTF-8, once, when its encoding is known or detected with confidence.

In this order: what the user says; a byte order mark; valid UTF-8, which is never guessed at; what the text declares of
itself (HTML, XML); what charset-normalizer detects in samples. Text that is mostly UTF-8, or about which detection is
not sure, stays UTF-8 with U+FFFD for what is broken.
"""

import codecs
import re
from collections.abc import Iterator
from importlib.metadata import version

import msgspec

from rlmlite.inputs.formats.streams import BLOCK, HEAD
from rlmlite_kernel.engines.bytes.utf8 import Utf8
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation

SAMPLES = 16
"""How many places of a large text detection looks at, evenly spread."""

SAMPLE = 4 * 1024
"""Bytes of a sample."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
_DECLARED = re.compile(
    rb"""<(?:\?xml|meta)\b[^>]{0,200}?(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z][\w.:-]{1,30})""", re.I
)
_WESTERN = "cp1252"
_NOT_DETECTED = ["utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"]  # see `wide_encoding`
_TELLING = 6  # bytes that are not ASCII below which any guess is one
_CONFUSED = 0.02  # of charset-normalizer's measure of mess, within which two encodings are as good as each other
_COHERENT = 0.2  # of its measure of language, above which a single-byte encoding is believed
_ZEROS = 0.3  # of the upper bytes of a text in a wide encoding that must be 0: its Latin letters, digits, spaces
_PRINTED = 0.95  # of its characters that must be printable


class Decided(msgspec.Struct, frozen=True):
    """An encoding by Python's name, and how it was decided."""

    name: str
    why: str

    @property
    def step(self) -> Derivation:
        """As a step of a recipe."""
        return Derivation("decode", how=self.name, why=self.why)


def decided(content: Content, utf8: Utf8 | None, asked: str | None) -> Decided | None:
    """The encoding from which a text is to be decoded; `None` where it is UTF-8, whole or broken, or no text.

    `utf8` is `None` for a content with zeros in its head, which is no UTF-8.
    """
    head = bytes(content[:HEAD])
    if asked is not None:
        return None if utf8 is not None and _is_as_utf8(asked, utf8, head) else Decided(asked, "asked for")
    mark = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if mark is not None:
        return Decided(mark, "byte order mark")
    if utf8 is None:
        wide = wide_encoding(head)
        return None if wide is None else Decided(wide, "every second or fourth byte is 0")
    if utf8.valid:
        return None
    named = declared(head)
    return Decided(named, "declared") if named is not None else _detected(content, utf8)


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by the zeros that Latin letters have there; `None` for anything else."""
    for name, width in _WIDE:
        if len(head) < HEAD and len(head) % width:
            continue
        sample = head[: len(head) - len(head) % width]
        zeros = [sample[place::width].count(0) * width / len(sample) for place in range(width)]
        if name.endswith("be"):
            zeros.reverse()
        text = sample.decode(name, "replace")
        is_wide = all(share >= _ZEROS for share in zeros[width // 2 :])
        if is_wide and "\0" not in text and sum(map(_is_printed, text)) >= _PRINTED * len(text):
            return name
    return None


def _is_printed(char: str) -> bool:
    return (char.isprintable() and char != "\ufffd") or char in "\t\n\r\f"


def declared(head: bytes) -> str | None:
    """The encoding that HTML or XML says of itself, if Python has it."""
    found = _DECLARED.search(head)
    try:
        name = "" if found is None else codecs.lookup(found[1].decode("ascii")).name
        "".encode(name)  # other codecs, such as `hex`, are none
    except (LookupError, UnicodeError):
        return None
    return _WESTERN if name == "iso8859-1" else name if name and name != "utf-8" else None  # as browsers read it


def decoded(content: Content, name: str, errors: str = "strict") -> Iterator[bytes]:
    """A text as UTF-8, in blocks. Raises `UnicodeDecodeError` if it is not in this encoding and errors are strict."""
    decoder = codecs.getincrementaldecoder(name)(errors)
    view = memoryview(content)
    for start in range(0, len(view), BLOCK):
        text = decoder.decode(bytes(view[start : start + BLOCK]), start + BLOCK >= len(view))
        yield text.encode("utf-8", "surrogatepass")  # what is no Unicode after all is replaced, and counted, after this


def _is_as_utf8(name: str, utf8: Utf8, head: bytes) -> bool:
    """Whether a valid UTF-8 text is the same in another encoding, and has no mark to be taken away."""
    if codecs.lookup(name).name == "utf-8":
        return utf8.valid and not head.startswith(codecs.BOM_UTF8)
    plain = bytes(range(128))
    try:
        return utf8.ascii and plain.decode(name).encode() == plain
    except UnicodeDecodeError:
        return False


def _detected(content: Content, utf8: Utf8) -> Decided | None:
    sample = _sample(content, utf8.first_bad)
    if _is_broken_utf8(sample) or sum(byte > 127 for byte in sample) < _TELLING:
        return None
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_exclusion=_NOT_DETECTED)
    best = matches.best()
    if best is None:
        return None
    good = [best, *(match for match in matches if match.chaos <= best.chaos + _CONFUSED)]
    names = [name for match in good if match.coherence >= best.coherence / 2 for name in match.could_be_from_charset]
    single = all(_is_single(match.encoding) for match in good)
    if single and best.coherence < _COHERENT:
        return None
    name = _WESTERN if single and _WESTERN in names else best.encoding
    return Decided(codecs.lookup(name).name, f"charset-normalizer {version('charset-normalizer')}")


def _sample(content: Content, first_bad: int) -> bytes:
    """Lines of a text that are not ASCII: from its first bad byte, and from places that are evenly spread."""
    size = len(content)
    starts = [0] if size <= SAMPLES * SAMPLE else [size * place // SAMPLES for place in range(SAMPLES)]
    pieces = [_lines(content, start, SAMPLES * SAMPLE if len(starts) == 1 else SAMPLE) for start in starts]
    around = _lines(content, max(0, first_bad - SAMPLE // 2), SAMPLE)
    telling = [
        line for piece in ([around, *pieces] if len(starts) > 1 else pieces) for line in piece if not line.isascii()
    ]
    return b"".join(telling) or b"".join(around)


def _lines(content: Content, start: int, size: int) -> list[bytes]:
    """Whole lines of a piece; one without line ends is taken as it is."""
    piece = bytes(content[start : start + size])
    lines = piece.splitlines(keepends=True)
    whole = lines[bool(start) : len(lines) - (start + size < len(content))]
    return whole or [piece]


def _is_broken_utf8(sample: bytes) -> bool:
    """Whether at least as many characters are good UTF-8 of several bytes as are bad: then it is UTF-8, and damaged."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(not char.isascii() for char in text) - bad >= bad


def _is_single(name: str) -> bool:
    """Whether every byte is a character of its own. Then any bytes decode, and that they do says nothing."""
    return len(bytes(range(256)).decode(name, "replace")) == 256
