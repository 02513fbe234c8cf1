"""Lines of words beside statements: a controller explains what it does, and the program around that is sound.

    I will look for errors first.        <- three words and more, or a sentence's end; no call, no `=`
    hits = search(logs, /ERROR/)
    if x: y = 1                          <- begins with another language's keyword: a mistake, to be told

Only whole lines outside of texts and brackets: a prompt of several lines is full of prose. `blank` puts spaces in the
place of such lines, so that the offsets of all that is left stay as they are.
"""

import re
from typing import Final

from rlmlite_grammar.diagnosis.scan import lexeme_at
from rlmlite_grammar.mistakes.foreign_words import FOREIGN_WORDS

_KEYWORDS: Final = frozenset(word for mistake in FOREIGN_WORDS for word in mistake.words)
_CODE: Final = re.compile(r"\w[(\[{]|=|[\"`{}\[\]<>|@$\\]|\w\.\w+\s*$")
"""Matches what a line of words does not have: a call, an assignment, a text, an index, a comparison."""

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'\u2019-]*")
_FEWEST_WORDS: Final = 3
_SENTENCE_END: Final = re.compile(r"[A-Za-z)][.!?:]\s*\Z")


def find_prose(text: str) -> list[tuple[int, int]]:
    """The lines of prose, as their beginnings and ends without the newline."""
    prose: list[tuple[int, int]] = []
    place = depth = 0
    while place < len(text):
        is_line_start = place == 0 or text[place - 1] == "\n"
        if is_line_start and not depth:
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            if _is_prose(text[place:end]):
                prose.append((place, end))
                place = end + 1
                continue
        # A blank and the newline before a line are one lexeme, so it is taken a line at a time.
        lexeme = lexeme_at(text, place)
        size = len(lexeme.text)
        if lexeme.kind == "skip":
            newline = lexeme.text.find("\n")
            size = size if newline < 0 else newline + 1
        elif lexeme.kind == "bracket":
            depth = max(0, depth + (1 if lexeme.text in "([{" else -1))
        place += size
    return prose


def blank(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spaces in the place of some of its lines."""
    pieces: list[str] = []
    last = 0
    for start, end in spans:
        pieces += (text[last:start], " " * (end - start))
        last = end
    return "".join((*pieces, text[last:]))


def _is_prose(line: str) -> bool:
    """Whether a line is words and nothing that a statement has."""
    words = _WORD.findall(line)
    if not words or _CODE.search(line) or words[0] in _KEYWORDS:
        return False
    is_sentence = words[0][0].isupper() and _SENTENCE_END.search(line) is not None
    return is_sentence or len(words) >= _FEWEST_WORDS
