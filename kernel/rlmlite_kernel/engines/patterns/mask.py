"""What varies in a line: numbers, ids, addresses, paths, dates, values. In a masked text each is `<*>`.

Words are runs of anything but white space, `,` `;` `:` `=` `|`, brackets and quotes; two or more dots in a row
separate too. A word is masked if it

- has a digit; has a `/` beside a letter; has two dots, as host names and class names have;
- has at least eight characters, all of them hexadecimal;
- has at most four, all hexadecimal, and a colon stands between it and a word with a digit (`ed:88:ea`);
- has a dot and a colon stands between it and a number (`example.org:80`);
- follows `=` at once, or the word `user` after spaces;
- is the short English name of a day or month and stands before a word with a digit or such a name (`Mon Jun 9`).

Masked words with nothing between them but white space, `,` `;` `:` or dots are one `<*>`.
"""

from itertools import pairwise
from typing import TypeAlias

LinePieces: TypeAlias = tuple[bytes, ...]
"""A line as what is between words and words, in turns: it begins and ends with what is between. `HOLE` is a mask."""

HOLE = b"<*>"

DIGIT, SLASH, DOT, HEX, OTHER = 1, 2, 4, 8, 16  # of words
SPACE, SOFT, HARD, DOTS = 32, 64, 128, 96  # between words

NAMES = b"Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
ANNOUNCES = b"user"
NAME_GAPS = (b" ", b"  ", b", ")
HEX_WORD, HEX_PART = 8, 4


def _code(byte: int) -> int:
    char = bytes([byte])
    table = {b"0123456789": DIGIT, b"/": SLASH, b".": DOT, b"abcdefABCDEF": HEX, b" ": SPACE, b"\t\r\n\v\f:,;": SOFT}
    found = next((code for chars, code in table.items() if char in chars), None)
    return found if found is not None else HARD if char in b"=()[]{}<>\"'|" else OTHER


CODES = bytes(map(_code, range(256)))
"""What each byte is."""

_WORD_OR_NOT = bytes(0x77 if code < SPACE else 0x20 for code in range(256))


def mask_text(text: bytes) -> bytes:
    """The text with every variable word as `<*>`. Lines are not told apart: mask one at a time."""
    return b"".join(mask_pieces(text))


def mask_pieces(line: bytes) -> LinePieces:
    """The pieces of a line, masked."""
    codes = line.translate(CODES)
    if b".." in line:
        codes = codes.replace(b"\x04\x04", b"``").replace(b"`\x04", b"``")
    spans = _words(codes)
    bits = [_bits(codes[start:stop]) for start, stop in spans]
    bounds = [0, *(place for span in spans for place in span), len(line)]
    pieces = [line[start:stop] for start, stop in pairwise(bounds)]
    holes = [number for number in range(len(spans)) if _varies(pieces, bits, number)]
    for number in holes:
        pieces[2 * number + 1] = HOLE
    return collapse_masks(pieces)


def collapse_masks(pieces: list[bytes]) -> LinePieces:
    """With neighbouring masks as one."""
    kept = pieces[:2]
    for between, word in zip(pieces[2:-1:2], pieces[3::2], strict=True):
        if not (word == HOLE and kept[-1] == HOLE and is_soft(between)):
            kept += (between, word)
    return (*kept, pieces[-1]) if len(pieces) > 1 else tuple(kept)


def is_soft(between: bytes) -> bool:
    """Whether masks on both sides are one."""
    return not any(CODES[byte] == HARD for byte in between)


def _words(codes: bytes) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    place = 0
    for run in codes.translate(_WORD_OR_NOT).split(b" "):
        if run:
            spans.append((place, place + len(run)))
        place += len(run) + 1
    return spans


def _bits(codes: bytes) -> tuple[int, int]:
    """What a word is made of, and how many dots it has."""
    return sum(set(codes)), codes.count(DOT)


def _varies(pieces: list[bytes], bits: list[tuple[int, int]], number: int) -> bool:
    word, (made, dots) = pieces[2 * number + 1], bits[number]
    if made & DIGIT or dots > 1 or (made & SLASH and made & (HEX | OTHER)) or (made == HEX and len(word) >= HEX_WORD):
        return True
    before, after = pieces[2 * number], pieces[2 * number + 2]
    last = bits[number - 1][0] if number else 0
    following = bits[number + 1][0] if number + 1 < len(bits) else 0
    if last and (before == b"=" or (not before.strip(b" ") and pieces[2 * number - 1] == ANNOUNCES)):
        return True
    beside = (before == b":" and last & DIGIT) or (after == b":" and following & DIGIT)
    if made == HEX and len(word) <= HEX_PART and beside:
        return True
    if made & DOT and after == b":" and following == DIGIT:
        return True
    return bool(following) and word in NAMES and after in NAME_GAPS and _dates(following, pieces[2 * number + 3])


def _dates(made: int, word: bytes) -> bool:
    return bool(made & DIGIT) or word in NAMES
