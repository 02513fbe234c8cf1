"""The texts that a value rests on, at most so many: where its evidence is sought first.

Not here: what of them becomes evidence (`evidence`).
"""

from collections.abc import Sequence

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue, Words
from rlmlite_kernel.values.columns import Column, Text

MAX_SPANS = 1_000
"""At most this many spans are written out with an answer; the rest are counted."""


def texts_of_words(words: Sequence[Words], context: StepContext) -> list[Text]:
    """The first texts that strings were made of: what a nested run answers from one of two twins quotes that one."""
    texts: list[Text] = []
    for each in words:
        if isinstance(each, Text):
            texts.append(each)
        else:
            for column in each.columns.values():
                texts += _texts_at(column, len(each), context)
    # A match lies in the text of its hit: without it, what stands there would count twice.
    widest: dict[str, int] = {}
    outermost: set[Text] = set()
    for text in sorted(set(texts), key=lambda text: (text.blob, text.start, -text.stop)):
        if text.stop > widest.get(text.blob, -1):
            widest[text.blob] = text.stop
            outermost.add(text)
    return [text for text in dict.fromkeys(texts) if text in outermost]


def texts_of(value: TaintedValue, context: StepContext) -> list[Text]:
    """The first spans that a value rests on."""
    return [text for spans in value.sources for text in _texts_at(spans, len(spans), context)]


def _texts_at(column: Column, rows: int, context: StepContext) -> list[Text]:
    cells = (column.at(row, context.blobs) for row in range(min(rows, MAX_SPANS)))
    return [cell for cell in cells if isinstance(cell, Text)]
