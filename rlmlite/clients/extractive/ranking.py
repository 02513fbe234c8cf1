"""Sentences of a text, ranked by the words that they share with a question. No meaning is read.

The score is BM25: a rare word of the question counts more than a common one, a repeated word counts less each time, and
a long sentence needs more. Sentences are returned exactly as they stand in the text. The same text and question give
the same order on every machine, which is why scores are integers (millionths) and words are summed in a fixed order.

    question   When was the contract cancelled?      words: contract, cancel
    ranked     "The contract was cancelled in May."  shares 2
               "The contract has ten pages."         shares 1
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

MAX_SENTENCE = 600
"""Characters. A longer stretch without the end of a sentence (a log, a table) is split into lines."""

STEM = 6
"""Words are compared by their first six letters: `cancel`, `cancels` and `cancelled` are one word."""

# BM25's usual constants: how fast repetition stops counting, and how much length matters.
_K1, _B = 1.2, 0.75

_WORD = re.compile(r"[^\W_]+")
_PARAGRAPH = re.compile(r"\n[ \t\r]*(?:\n[ \t\r]*)+")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s)")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a about all also an and any are as at be been but by can could did do does each for from had has have how i "
        "if in into is it its may more most no not of on one only or other our out over own said same say says she "
        "should so some such tell than that the their them then there these they this those to too under up was we "
        "were what when where which while who whom whose why will with would you your"
    )
)


class Sentence(msgspec.Struct, frozen=True):
    """A sentence as it stands in the text, its score in millionths, and how many words of the question it shares."""

    text: str
    score: int
    shared: int


def words(text: str) -> list[str]:
    """The words that count, in lower case and cut to `STEM` letters, in order."""
    stems = []
    for written in _WORD.findall(text):
        word = written.lower()
        # Compared whole, before it is cut: `shoulder` is not the stop word `should`.
        if word not in _STOP_WORDS:
            stems.append(word[:STEM])
    return stems


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each as it stands there, without the white space around it."""
    for paragraph in _PARAGRAPH.split(text):
        ends = [match.end() for match in _SENTENCE_END.finditer(paragraph)]
        # The last sentence may end without a full stop, as headings do.
        ends.append(len(paragraph))
        start = 0
        for end in ends:
            yield from _split_long(paragraph[start:end])
            start = end


def _split_long(sentence: str) -> Iterator[str]:
    # Sentences of prose keep their line breaks; only what is too long to be one is split there.
    lines = [sentence]
    if len(sentence) > MAX_SENTENCE:
        lines = sentence.split("\n")
    for line in lines:
        text = line.strip()
        if text:
            yield text


def rank_sentences(texts: Iterable[str], question: str) -> list[Sentence]:
    """The sentences that share a word with the question, best first, ties in the order of the text."""
    candidates: list[str] = []
    for text in texts:
        candidates.extend(sentences(text))
    word_counts = [Counter(words(candidate)) for candidate in candidates]
    question_words = frozenset(words(question))
    weights = _word_weights(word_counts, question_words)
    total_length = sum(counts.total() for counts in word_counts)
    average_length = total_length / max(1, len(word_counts))
    scored = []
    for candidate, counts in zip(candidates, word_counts, strict=True):
        # `weights` has the words of the question, each once.
        shared = sum(word in counts for word in weights)
        if shared:
            scored.append(Sentence(candidate, _score(counts, weights, average_length), shared))
    # `sorted` is stable, so equal scores stay in the order of the text.
    return sorted(scored, key=lambda sentence: -sentence.score)


def _word_weights(word_counts: Sequence[Counter[str]], question_words: frozenset[str]) -> dict[str, float]:
    """The inverse document frequency of each word of the question: a word in few sentences weighs more."""
    total = len(word_counts)
    weights = {}
    # Sorted, because a set's order differs from process to process, and sums of floats depend on the order.
    for word in sorted(question_words):
        containing = sum(word in counts for counts in word_counts)
        weights[word] = math.log(1 + (total - containing + 0.5) / (containing + 0.5))
    return weights


def _score(counts: Counter[str], weights: dict[str, float], average_length: float) -> int:
    """BM25 of a sentence with these word counts, in millionths.

    Each word of the question adds its weight, times n (k + 1) / (n + length factor) for n occurrences: that grows with
    n, but never beyond k + 1, and less in a long sentence.
    """
    length_factor = _K1
    if average_length:
        length_factor = _K1 * (1 - _B + _B * counts.total() / average_length)
    score = 0.0
    # Not `sum`, which newer versions of Python compensate: the last digit would differ between them.
    for word, weight in weights.items():
        occurrences = counts[word]
        score += weight * occurrences * (_K1 + 1) / (occurrences + length_factor)
    return math.floor(score * 1_000_000)
