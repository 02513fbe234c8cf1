"""Masks: what varies in a line (numbers, ids, addresses, paths, dates, values) gives way to `<*>`.

    Jun 9 12:00:01 host7 sshd[211]: login of ann from 10.0.0.5
    <*> sshd[<*>]: login of ann from <*>

Words are runs of anything but white space, `,` `;` `:` `=` `|`, brackets and quotes; two or more dots in a row separate
too. A word is masked if it

- has a digit; has a `/` beside a letter; has two dots, as host names and class names have;
- has at least eight characters, all of them hexadecimal;
- has at most four, all hexadecimal, and a colon stands between it and a word with a digit (`ed:88:ea`);
- has a dot and a colon stands between it and a number (`example.org:80`);
- follows `=` at once, or the word `user` after spaces;
- is the short English name of a day or month and stands before a word with a digit or such a name (`Mon Jun 9`).

Masked words with nothing between them but white space, `,` `;` `:` or dots are one `<*>`. That `ann` varies too cannot
be seen in one line: `merging` finds it out.

This is the definition, line by line. `shapes` applies the same rules to many lines at once, and tests hold the two
together.
"""

from itertools import pairwise
from typing import NamedTuple, TypeAlias

LinePieces: TypeAlias = tuple[bytes, ...]
"""A line as what is between words and words, in turns: it begins and ends with what is between. `HOLE` is a mask."""

HOLE = b"<*>"

# What a byte is, as bits: those of a word are the bits of all its bytes. First the bytes of words, then those between
# words: soft ones may stand inside one mask, hard ones keep two masks apart. DOTS is soft and a separator.
DIGIT, SLASH, DOT, HEX, OTHER = 1, 2, 4, 8, 16
SPACE, SOFT, HARD, DOTS = 32, 64, 128, 96

NAMES = b"Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
"""Days and months."""

ANNOUNCES = b"user"
"""The word after which a name comes."""

NAME_GAPS = (b" ", b"  ", b", ")
"""What may stand between a day or month and what follows it."""

HEX_WORD, HEX_PART = 8, 4
"""From how many characters a hexadecimal word varies by itself, and up to how many as a part of an address."""

_KINDS = (
    (b"0123456789", DIGIT),
    (b"/", SLASH),
    (b".", DOT),
    (b"abcdefABCDEF", HEX),
    (b" ", SPACE),
    (b"\t\r\n\v\f:,;", SOFT),
    (b"=()[]{}<>\"'|", HARD),
)


def _code(byte: int) -> int:
    return next((kind for members, kind in _KINDS if byte in members), OTHER)


CODES = bytes(map(_code, range(256)))
"""What each byte is."""

# Codes as `w` or a space, so that `split` finds the words.
_WORD_OR_SPACE = bytes(ord("w") if code < SPACE else ord(" ") for code in range(256))

_DOT_DOT = bytes([DOT, DOT])
_DOTS_DOT = bytes([DOTS, DOT])
_DOTS_DOTS = bytes([DOTS, DOTS])


class _WordKind(NamedTuple):
    """The bits of a word, and how many dots it has."""

    bits: int
    dots: int


def mask_text(text: bytes) -> bytes:
    """The text with every variable word as `<*>`. A newline is white space like any other: mask one line at a time."""
    return b"".join(mask_pieces(text))


def mask_pieces(line: bytes) -> LinePieces:
    """The pieces of a line, masked."""
    codes = line.translate(CODES)
    if b".." in line:
        # In pairs, then the odd one that is left after a pair.
        codes = codes.replace(_DOT_DOT, _DOTS_DOTS).replace(_DOTS_DOT, _DOTS_DOTS)
    spans = _word_spans(codes)
    kinds = [_word_kind(codes[start:stop]) for start, stop in spans]
    # Cut at both ends of every word: the pieces are then what is between words and words, in turns.
    word_ends = [place for span in spans for place in span]
    bounds = [0, *word_ends, len(line)]
    pieces = [line[start:stop] for start, stop in pairwise(bounds)]
    # All are decided before any is masked, as words are judged by their neighbours.
    variable = [number for number in range(len(spans)) if _is_variable(pieces, kinds, number)]
    for number in variable:
        # Word 0 is piece 1, word 1 is piece 3.
        pieces[2 * number + 1] = HOLE
    return collapse_masks(pieces)


def collapse_masks(pieces: list[bytes]) -> LinePieces:
    """The pieces with neighbouring masks as one."""
    # The first gap and word stay in any case; then gap and word by gap and word.
    result = pieces[:2]
    later_gaps, later_words = pieces[2:-1:2], pieces[3::2]
    for between, word in zip(later_gaps, later_words, strict=True):
        joins_the_last_mask = word == HOLE and result[-1] == HOLE and _is_soft(between)
        if not joins_the_last_mask:
            result += (between, word)
    if len(pieces) == 1:
        # A line without a word is one gap, which `result` has already.
        return tuple(result)
    return (*result, pieces[-1])


def _is_soft(between: bytes) -> bool:
    """Whether masks on both sides of it are one."""
    return not any(CODES[byte] == HARD for byte in between)


def _word_spans(codes: bytes) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    place = 0
    for run in codes.translate(_WORD_OR_SPACE).split(b" "):
        if run:
            spans.append((place, place + len(run)))
        place += len(run) + 1
    return spans


def _word_kind(codes: bytes) -> _WordKind:
    # Each code is one bit, so the sum of the different ones is their union.
    bits = sum(set(codes))
    return _WordKind(bits, codes.count(DOT))


def _is_variable(pieces: list[bytes], kinds: list[_WordKind], number: int) -> bool:
    word = _surroundings(pieces, kinds, number)
    in_place = _is_value(word) or _is_address_part(word) or _is_host_with_port(word) or _is_date_name(word)
    return in_place or _varies_by_itself(word.word, kinds[number])


def _varies_by_itself(word: bytes, kind: _WordKind) -> bool:
    bits = kind.bits
    is_path = bits & SLASH and bits & (HEX | OTHER)
    is_long_hex = bits == HEX and len(word) >= HEX_WORD
    return bool(bits & DIGIT or kind.dots > 1 or is_path or is_long_hex)


class _Surroundings(NamedTuple):
    """A word, the gaps on both sides of it and the words beyond these. An absent word is empty, and its bits are 0."""

    word: bytes
    bits: int
    word_before: bytes
    bits_before: int
    gap_before: bytes
    gap_after: bytes
    word_after: bytes
    bits_after: int


def _surroundings(pieces: list[bytes], kinds: list[_WordKind], number: int) -> _Surroundings:
    at = 2 * number + 1
    is_first, is_last = number == 0, number + 1 == len(kinds)
    return _Surroundings(
        word=pieces[at],
        bits=kinds[number].bits,
        word_before=b"" if is_first else pieces[at - 2],
        bits_before=0 if is_first else kinds[number - 1].bits,
        gap_before=pieces[at - 1],
        gap_after=pieces[at + 1],
        word_after=b"" if is_last else pieces[at + 2],
        bits_after=0 if is_last else kinds[number + 1].bits,
    )


def _is_value(word: _Surroundings) -> bool:
    """After `=` at once, or after `user` and spaces."""
    is_assigned = word.gap_before == b"="
    is_announced = word.word_before == ANNOUNCES and not word.gap_before.strip(b" ")
    return bool(word.bits_before) and (is_assigned or is_announced)


def _is_address_part(word: _Surroundings) -> bool:
    """`ed` in `ed:88:ea`: few hexadecimal digits, with a colon between them and a word with a digit."""
    digit_before = word.gap_before == b":" and word.bits_before & DIGIT
    digit_after = word.gap_after == b":" and word.bits_after & DIGIT
    return word.bits == HEX and len(word.word) <= HEX_PART and bool(digit_before or digit_after)


def _is_host_with_port(word: _Surroundings) -> bool:
    """`example.org` in `example.org:80`."""
    return bool(word.bits & DOT) and word.gap_after == b":" and word.bits_after == DIGIT


def _is_date_name(word: _Surroundings) -> bool:
    """`Jun` in `Jun 9`, and `Mon` in `Mon Jun`."""
    if word.word not in NAMES or word.gap_after not in NAME_GAPS:
        return False
    return bool(word.bits_after & DIGIT) or word.word_after in NAMES
