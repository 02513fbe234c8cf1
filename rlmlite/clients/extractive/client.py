"""A baseline that needs no network: it picks the sentences of its prompt that share most words with the question.

It reads no meaning. It does not reason, count, summarise, translate or know anything; all it says stands verbatim in
the data of its prompt. It shows that a program works, and what a model has to beat; it does not replace a model.

- The *data* is what the prompt fences with `<data ...>` tags; the *question* is the line that begins with `Question:`,
  else all that stands outside the fences.
- It has *found* something when one sentence shares at least half of the question's words, or three of them.
- Asked for JSON, it fills texts with the best sentence, `true or false` with whether it found something, numbers and
  dates with the first in that sentence, alternatives with the one whose words the data has most of; what it has not
  found is null, or an empty text where null is not allowed.
"""

import json
import re
from collections import Counter
from typing import Any

import msgspec

from rlmlite.clients.extractive.forms import Choice, Exactly, Fields, Form, Many, Typed, form_of
from rlmlite.clients.extractive.ranking import Sentence, ranked, words
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Role

NOTICE = "the extractive sub is a baseline: it picks sentences by words shared with the question, and reads no meaning"
"""Said wherever its answers are shown."""

_BEST = 3  # sentences of an answer in plain text, and of a list
_ENOUGH = 3  # words of the question that are enough to have found something
_FENCED = re.compile(r"<data ([0-9a-f]{8})\b[^>]*>\n?(.*?)\n?</data \1>", re.DOTALL)
_QUESTION = re.compile(r"^\s*question\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


class _Findings(msgspec.Struct, frozen=True):
    """What was found: the sentences, and the data for choosing between words."""

    best: tuple[Sentence, ...]
    data: str


class Extractive:
    """Picks sentences. See the module for what it does and does not do."""

    model = "extractive:"

    def role(self) -> Role:
        """See `Metered.role`."""
        return Role(model=self.model, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`. It never fails, costs nothing and uses no tokens."""
        return Answered(answer(text), Usage(input_tokens=0, output_tokens=0, cost_nano=0))


def answer(prompt: str) -> str:
    """What the baseline says to a prompt."""
    data = tuple(match.group(2) for match in _FENCED.finditer(prompt))
    before, form = form_of(_FENCED.sub(" ", prompt))
    asked = _QUESTION.findall(before)
    question = asked[-1] if asked else before
    found = _Findings(_best(data, question), "\n".join(data))
    if form is None:
        return "\n".join(sentence.text for sentence in found.best)
    return json.dumps(_fill(form, found), ensure_ascii=False)


def _best(data: tuple[str, ...], question: str) -> tuple[Sentence, ...]:
    enough = min(_ENOUGH, max(1, (len(set(words(question))) + 1) // 2))
    return tuple(sentence for sentence in ranked(data, question) if sentence.shared >= enough)[:_BEST]


def _fill(form: Form, found: _Findings) -> Any:
    match form:
        case Typed(kind=kind):
            return _typed(kind, found)
        case Exactly(value=value):
            return value
        case Choice(options=options):
            return _choose(options, found)
        case Many(item=item):
            return [_fill(item, _Findings((sentence,), found.data)) for sentence in found.best]
        case Fields(fields=fields):
            filled = {name: (_fill(item, found), optional) for name, item, optional in fields}
            return {name: value for name, (value, optional) in filled.items() if value is not None or not optional}


def _typed(kind: str, found: _Findings) -> Any:
    text = found.best[0].text if found.best else ""
    match kind:
        case "true or false":
            return bool(found.best)
        case "whole number" | "number":
            number = _NUMBER.search(text)
            return None if number is None else _number(number.group(), whole=kind == "whole number")
        case _ if kind.startswith("date"):
            date = _DATE.search(text)
            return None if date is None else date.group()
        case _:
            return text


def _number(digits: str, *, whole: bool) -> int | float | None:
    if "." not in digits:
        return int(digits)
    return None if whole else float(digits)


def _choose(options: tuple[Form, ...], found: _Findings) -> Any:
    labels = [option.value for option in options if isinstance(option, Exactly) and option.value is not None]
    others = [option for option in options if not isinstance(option, Exactly)]
    nullable = Exactly(None) in options
    if found.best and others:
        return _fill(others[0], found)
    if labels:
        counts = Counter(words(found.data))
        scores = [sum(counts[word] for word in set(words(str(label)))) for label in labels]
        return None if nullable and not max(scores) else labels[scores.index(max(scores))]
    return None if nullable or not others else _fill(others[0], found)
