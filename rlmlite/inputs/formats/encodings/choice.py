"""Encodings: text that is not valid UTF-8 is decoded once, if its encoding is known or detected with confidence.

A wrong guess silently corrupts a text, so evidence is used in the order of its strength, and doubt ends in UTF-8 with
U+FFFD for what is broken, where the damage is visible and counted:

1. What the user says (`encoding`).
2. A byte order mark.
3. Zeros where UTF-16 or UTF-32 has them for Latin letters: `h\\0i\\0` is UTF-16-LE.
4. Valid UTF-8. Such a text is never guessed at, since other text is hardly ever valid UTF-8 by accident.
5. What HTML or XML declares: `<?xml encoding="iso-8859-1"?>`, `<meta charset=...>`, if it can be true.
6. Detection by charset-normalizer, on samples, and only if it is clear (see `_detect`).

A declaration that does not fit is overridden, and said (`overridden_declaration`). Not here: which encodings there are
(`names`), decoding as a step of a recipe (`text_reader`).
"""

import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors.unreadable import UnreadableError
from rlmlite.inputs.formats.encodings.declarations import declared_name
from rlmlite.inputs.formats.encodings.names import find_encoding, unknown_encoding
from rlmlite.inputs.formats.streams.blocks import BLOCK, HEAD
from rlmlite_kernel.engines.bytes.utf8 import Utf8
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

SAMPLES = 16
"""How many places of a large text are sampled, evenly spread."""

SAMPLE = 4 * 1024
"""Bytes per sample."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKED_ENCODINGS = ("utf-16", "utf-32")
_LONGEST_MARK = 4
_WIDE_ENCODINGS = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))  # and bytes per unit
_WESTERN = "cp1252"
_DECLARED = "declared"
_NOT_DETECTED = ["utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"]
"""Left to `wide_encoding`; charset-normalizer sees them in texts that have nothing to do with them."""

_FEWEST_BYTES = 6
"""Non-ASCII bytes. With fewer, many encodings fit equally well."""

_SAME_CHAOS = 0.02
"""Difference of charset-normalizer's `chaos` within which two encodings are equally good."""

_CLEAR_COHERENCE = 0.2
"""Its `coherence` with a language, from which on a single-byte encoding is believed."""

_MOST_BAD = 0.05
"""Share of the characters beyond ASCII that may be bad in an encoding that a text declares. Damage is rarer."""

_WIDE_ZEROS = 0.3
"""Share of the upper bytes that must be 0: those of a text's Latin letters, digits, spaces."""

_WIDE_PRINTABLE = 0.95
"""Share of the characters that must be printable."""


class EncodingChoice(msgspec.Struct, frozen=True):
    """An encoding by Python's name, and how it was chosen."""

    name: str
    why: str

    @property
    def step(self) -> Derivation:
        """The step of a recipe."""
        return Derivation("decode", how=self.name, why=self.why)


def recorded_encoding(step: Derivation) -> EncodingChoice:
    """The choice that a trace recorded. Raises `UnreadableError` if it is no encoding that is read here."""
    if find_encoding(step.how) is None:
        raise UnreadableError("in an encoding that is not read", unknown_encoding(step.how))
    return EncodingChoice(step.how, step.why)


def choose_encoding(content: Content, utf8: Utf8 | None, requested: str | None) -> EncodingChoice | None:
    """The encoding to decode a text from; None if it is UTF-8, whole or broken, or if it is not text.

    `utf8` is None for content with a NUL byte in its head, which is not UTF-8 text.
    """
    head = bytes(content[:HEAD])
    # A user's word goes before a byte order mark: there are files whose first two bytes only look like one.
    if requested is not None:
        # `reading` has looked at it; whoever makes a `Reading` by hand may not have.
        if find_encoding(requested) is None:
            raise UnreadableError("in an encoding that is not read", unknown_encoding(requested))
        unchanged = utf8 is not None and _equals_utf8(requested, utf8, head)
        return None if unchanged else EncodingChoice(requested, "asked for")
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return EncodingChoice(name, "byte order mark")
    if utf8 is None:
        wide = wide_encoding(head)
        return None if wide is None else EncodingChoice(wide, "every second or fourth byte is 0")
    # Before the declaration: pages that were converted to UTF-8 often still declare what they were.
    if utf8.valid:
        return None
    declared = declared_encoding(head)
    if declared is not None and _fits(content, declared):
        return EncodingChoice(declared, _DECLARED)
    return _detect(content, utf8)


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by the zeros in its Latin letters; None for anything else.

    In UTF-16-LE, "hi" is `68 00 69 00`: of each unit the upper half is zero. Zeros alone would also accept many binary
    formats, so the decoded text must be printable as well.
    """
    # UTF-32 comes first: half of its zeros would do for UTF-16.
    for name, width in _WIDE_ENCODINGS:
        surplus = len(head) % width
        is_whole_file = len(head) < HEAD
        # A file in this encoding has a whole number of units.
        if is_whole_file and surplus:
            continue
        sample = head[: len(head) - surplus]
        # For each byte of a unit, how often it is zero: `68 00 69 00` has the shares 0 and 1.
        units = len(sample) / width
        zero_shares = [sample[place::width].count(0) / units for place in range(width)]
        # Big-endian units have their upper bytes first. Reversed, both orders have them in the second half.
        if name.endswith("be"):
            zero_shares.reverse()
        upper_half = zero_shares[width // 2 :]
        has_zeros = all(share >= _WIDE_ZEROS for share in upper_half)
        if has_zeros and _is_mostly_printable(sample.decode(name, "replace")):
            return name
    return None


def _is_mostly_printable(text: str) -> bool:
    printable = sum(map(_is_printable, text))
    return "\0" not in text and printable >= _WIDE_PRINTABLE * len(text)


def _is_printable(char: str) -> bool:
    return (char.isprintable() and char != "\ufffd") or char in "\t\n\r\f"


def declared_encoding(head: bytes) -> str | None:
    """The encoding that HTML or XML declares, if it is one that is read, and can be true.

    The text is known not to be valid UTF-8, so a declaration of UTF-8 says nothing. The declaration was found as ASCII,
    so what it names must have the letters of ASCII where ASCII has them: UTF-16 and EBCDIC have not.
    """
    declared = declared_name(head)
    name = None if declared is None else find_encoding(declared)
    if declared is None or name is None or declared.encode().decode(name, "replace") != declared:
        return None
    # Browsers read it as Windows-1252, and pages rely on that.
    if name == "iso8859-1":
        return _WESTERN
    return None if name == "utf-8" else name


def overridden_declaration(content: Content, utf8: Utf8 | None, chosen: EncodingChoice | None) -> str:
    """The name of the encoding that a text declares, if it is read in another one; else an empty text."""
    declared = declared_name(bytes(content[:HEAD]))
    if declared is None or (chosen is not None and chosen.why == _DECLARED) or (utf8 is not None and utf8.ascii):
        return ""
    read_as = "utf-8" if chosen is None else chosen.name
    is_same = read_as.removesuffix("-sig") == find_encoding(declared)
    is_valid = chosen is not None or (utf8 is not None and utf8.valid)
    return "" if is_same and is_valid else declared


def _fits(content: Content, name: str) -> bool:
    """Whether a text can be in an encoding: of what is not ASCII, hardly anything is bad."""
    bad = not_ascii = 0
    for block in decode_blocks(content, name, "replace"):
        text = block.decode("utf-8", "surrogatepass")
        bad += text.count("\ufffd")
        not_ascii += len(text) - sum(map(str.isascii, text)) if not text.isascii() else 0
    return bad <= not_ascii * _MOST_BAD


def decode_blocks(content: Content, name: str, errors: str = "strict") -> Iterator[bytes]:
    """A text as UTF-8, in blocks.

    Raises `UnicodeDecodeError` if errors are strict and a byte does not fit; `UnreadableError` for UTF-16 and UTF-32
    without a byte order mark, as then nothing says which byte comes first.
    """
    head = bytes(content[:_LONGEST_MARK])
    needs_mark = name in _MARKED_ENCODINGS and head != b""
    if needs_mark and not any(head.startswith(mark) for mark, of in _BYTE_ORDER_MARKS if of == name):
        raise UnreadableError("without a byte order mark", name, f"give its encoding: {name}-le or {name}-be")
    decoder = codecs.getincrementaldecoder(name)(errors)
    view = memoryview(content)
    for start in range(0, len(view), BLOCK):
        # The decoder keeps an unfinished character from one block to the next; at the last one it is an error.
        is_last = start + BLOCK >= len(view)
        text = decoder.decode(bytes(view[start : start + BLOCK]), is_last)
        # Surrogates are replaced, and counted, by `TextReader`.
        yield text.encode("utf-8", "surrogatepass")


def _equals_utf8(name: str, utf8: Utf8, head: bytes) -> bool:
    """Whether a text is the same in a requested encoding as in UTF-8, so that there is nothing to decode."""
    if codecs.lookup(name).name == "utf-8":
        return utf8.valid and not head.startswith(codecs.BOM_UTF8)
    # An ASCII text is the same in every encoding that contains ASCII, but not in UTF-16 or EBCDIC.
    ascii_bytes = bytes(range(128))
    try:
        return utf8.ascii and ascii_bytes.decode(name).encode() == ascii_bytes
    except UnicodeDecodeError:
        return False


def _detect(content: Content, utf8: Utf8) -> EncodingChoice | None:
    """The encoding by charset-normalizer, or None where it is not clear.

    It rates each encoding by `chaos` (unlikely characters, 0 is best) and `coherence` (letters as frequent as in some
    language, 1 is best). In a single-byte encoding any bytes decode, so decoding proves nothing: there the coherence
    must be clear. Among encodings as good as the best, Windows-1252 is preferred, being by far the most common.
    """
    sample = _take_sample(content, utf8.first_bad)
    not_ascii = sum(byte > 127 for byte in sample)
    if not_ascii < _FEWEST_BYTES or _is_broken_utf8(sample):
        return None
    from charset_normalizer import from_bytes  # here, because most texts are UTF-8

    matches = from_bytes(sample, cp_exclusion=_NOT_DETECTED)
    best = matches.best()
    if best is None:
        return None
    # The best is among them once more; it comes first, and twice does no harm.
    good: list[CharsetMatch] = [best]
    good += [match for match in matches if match.chaos <= best.chaos + _SAME_CHAOS]
    all_single_byte = all(_is_single_byte(match.encoding) for match in good)
    if all_single_byte and best.coherence < _CLEAR_COHERENCE:
        return None
    # Of equally clean encodings those that look like no language at all are dropped before Windows-1252 is preferred.
    coherent = [match for match in good if match.coherence >= best.coherence / 2]
    candidates = [name for match in coherent for name in match.could_be_from_charset]
    prefers_western = all_single_byte and _WESTERN in candidates
    name = _WESTERN if prefers_western else best.encoding
    from importlib.metadata import version

    # With the version, since another one may choose otherwise. A replay takes the recorded choice.
    detector = f"charset-normalizer {version('charset-normalizer')}"
    found = find_encoding(name)
    return None if found is None else EncodingChoice(found, detector)


def _take_sample(content: Content, first_bad: int) -> bytes:
    """Lines of a text that are not ASCII: around its first bad byte, and at places that are evenly spread.

    Detection takes time in proportion to its input, and ASCII tells it nothing.
    """
    size = len(content)
    around_first_bad = _whole_lines(content, max(0, first_bad - SAMPLE // 2), SAMPLE)
    if size <= SAMPLES * SAMPLE:
        lines = _whole_lines(content, 0, SAMPLES * SAMPLE)
    else:
        # The first bad byte is looked at for sure: in a text that is nearly all ASCII the other places may miss all.
        lines = list(around_first_bad)
        for place in range(SAMPLES):
            lines += _whole_lines(content, size * place // SAMPLES, SAMPLE)
    not_ascii = [line for line in lines if not line.isascii()]
    return b"".join(not_ascii) or b"".join(around_first_bad)


def _whole_lines(content: Content, start: int, size: int) -> list[bytes]:
    """The lines that lie wholly within a part of a content; a part without line ends is returned as it is."""
    part = bytes(content[start : start + size])
    lines = part.splitlines(keepends=True)
    # The first and the last line may be cut, and half a character at a cut would look like another encoding.
    first = 1 if start > 0 else 0
    last = len(lines) - 1 if start + size < len(content) else len(lines)
    return lines[first:last] or [part]


def _is_broken_utf8(sample: bytes) -> bool:
    """Whether at least as many characters are valid multi-byte UTF-8 as are bad: then it is UTF-8, but damaged.

    Bytes of another encoding hardly ever form a valid multi-byte sequence, so even a few are strong evidence.
    """
    # Decoded as the repair will do it, so that both count the same.
    text = sample.decode("utf-8", "replace")
    not_ascii = sum(not char.isascii() for char in text)
    bad = text.count("\ufffd")
    good = not_ascii - bad
    return good >= bad


def _is_single_byte(name: str) -> bool:
    """Whether every byte is a character of its own."""
    return len(bytes(range(256)).decode(name, "replace")) == 256
