"""Sentences of a text, ranked by the words they share with a question (BM25). No meaning is read.

Positions are kept, so that what is picked is verbatim. The same text and question give the same order everywhere.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

MAX_SENTENCE = 600
"""Characters. A longer stretch without an end of sentence (a log, a table) is taken line by line."""

STEM = 6
"""Words are compared by their first six letters: `cancel`, `cancels` and `cancelled` are one word."""

_K1, _B = 1.2, 0.75
_WORD = re.compile(r"[^\W_]+")
_PARAGRAPH = re.compile(r"\n[ \t\r]*(?:\n[ \t\r]*)+")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s)")
_COMMON = frozenset(
    _WORD.findall(
        "a about all also an and any are as at be been but by can could did do does each for from had has have how i "
        "if in into is it its may more most no not of on one only or other our out over own said same say says she "
        "should so some such tell than that the their them then there these they this those to too under up was we "
        "were what when where which while who whom whose why will with would you your"
    )
)


class Sentence(msgspec.Struct, frozen=True):
    """A piece of the text as it stands there, with its score in millionths."""

    text: str
    score: int
    shared: int


def words(text: str) -> list[str]:
    """The words that count, lower-case and cut to `STEM` letters, in order."""
    return [word[:STEM] for word in map(str.lower, _WORD.findall(text)) if word not in _COMMON]


def sentences(text: str) -> Iterator[str]:
    """The pieces of a text, each as it stands there, without the white space around it."""
    for paragraph in _PARAGRAPH.split(text):
        start = 0
        for end in [*(match.end() for match in _SENTENCE_END.finditer(paragraph)), len(paragraph)]:
            yield from _pieces(paragraph[start:end])
            start = end


def _pieces(sentence: str) -> Iterator[str]:
    found = sentence.split("\n") if len(sentence) > MAX_SENTENCE else [sentence]
    yield from (piece for piece in map(str.strip, found) if piece)


def ranked(texts: Iterable[str], question: str) -> list[Sentence]:
    """The sentences that share a word with the question, best first, ties in the order of the text."""
    pieces = [piece for text in texts for piece in sentences(text)]
    counts = [Counter(words(piece)) for piece in pieces]
    weights = _weights(counts, frozenset(words(question)))
    average = sum(map(Counter.total, counts)) / max(1, len(counts))
    found = [
        Sentence(piece, _score(count, weights, average), sum(word in count for word in weights))
        for piece, count in zip(pieces, counts, strict=True)
    ]
    return sorted((sentence for sentence in found if sentence.shared), key=lambda sentence: -sentence.score)


def _weights(counts: Sequence[Counter[str]], asked: frozenset[str]) -> dict[str, float]:
    """The inverse document frequency of each word of the question, in a fixed order."""
    total = len(counts)
    containing = {word: sum(word in count for count in counts) for word in sorted(asked)}
    return {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in containing.items()}


def _score(count: Counter[str], weights: dict[str, float], average: float) -> int:
    longer = _K1 * (1 - _B + _B * count.total() / average) if average else _K1
    score = sum(weight * count[word] * (_K1 + 1) / (count[word] + longer) for word, weight in weights.items())
    return math.floor(score * 1_000_000)
