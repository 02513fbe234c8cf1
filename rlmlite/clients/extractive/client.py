"""A baseline that needs no network: it picks the sentences of its prompt that share most words with the question.

It reads no meaning. It does not reason, count, summarise, translate or know anything; all that it says stands verbatim
in the data of its prompt. It shows that a program works, and what a model has to beat; it does not replace a model.

- The *data* is what the prompt fences with `<data ...>` tags; the *question* is the last line that begins with
  `Question:`, else everything outside the fences.
- A sentence *qualifies* if it shares at least half of the question's words, or three of them.
- Asked for JSON, it fills texts with the best sentence, `true or false` with whether one qualified, numbers and dates
  with the first in that sentence, alternatives with the one whose words are most frequent in the data. If nothing
  qualified, values are null, or an empty text where null is not allowed.

    Question: When was the contract cancelled?      {"found": <true or false>, "year": <whole number> | null}
    <data 1a2b3c4d>... The contract was cancelled in 2021. ...</data 1a2b3c4d>

    {"found": true, "year": 2021}
"""

import json
import re
from collections import Counter
from typing import Any

import msgspec

from rlmlite.clients.extractive.fences import split_data
from rlmlite.clients.extractive.forms import (
    AnswerForm,
    ChoiceForm,
    ListForm,
    LiteralForm,
    ObjectForm,
    TypedForm,
    split_form,
)
from rlmlite.clients.extractive.ranking import Sentence, rank_sentences, words
from rlmlite_kernel.effects.requests import Answered, Request, Result, Usage
from rlmlite_kernel.records.settings import Role

NOTICE = "the extractive sub is a baseline: it picks sentences by words shared with the question, and reads no meaning"
"""Shown wherever its answers are shown."""

_MOST_SENTENCES = 3
"""Sentences of an answer in plain text, and items of a list."""

_ENOUGH_SHARED = 3
"""Words that a sentence shares with the question. With so many, half of a long question is not needed."""

# Blanks but no line ends before it: a thousand empty lines would be looked through from each of them.
_QUESTION = re.compile(r"^[^\S\n]*+question\s*+:\s*+(.+)$", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


class _Findings(msgspec.Struct, frozen=True):
    """The sentences that qualified, best first, and all data, for choosing between alternatives."""

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
    """The baseline's answer to a prompt."""
    # The fences are taken out before the form is looked for: data may contain what looks like one.
    data, outside = split_data(prompt)
    before, form = split_form(outside)
    questions = _QUESTION.findall(before)
    # The last one: a template may show an example question before the real one.
    question = questions[-1] if questions else before
    best = _qualifying_sentences(data, question)
    findings = _Findings(best, "\n".join(data))
    if form is None:
        return "\n".join(sentence.text for sentence in findings.best)
    return json.dumps(_fill(form, findings), ensure_ascii=False)


def _qualifying_sentences(data: tuple[str, ...], question: str) -> tuple[Sentence, ...]:
    # Half of a short question's words, rounded up: one shared word of four says little.
    question_words = set(words(question))
    half = max(1, (len(question_words) + 1) // 2)
    enough = min(_ENOUGH_SHARED, half)
    ranked = rank_sentences(data, question)
    qualifying = [sentence for sentence in ranked if sentence.shared >= enough]
    return tuple(qualifying[:_MOST_SENTENCES])


def _fill(form: AnswerForm, findings: _Findings) -> Any:
    match form:
        case TypedForm(kind=kind):
            return _fill_typed(kind, findings)
        case LiteralForm(value=value):
            return value
        case ChoiceForm(options=options):
            return _choose(options, findings)
        case ListForm(item=item):
            # Each sentence becomes an item of its own, so each is the only one that its item is filled from.
            items = []
            for sentence in findings.best:
                items.append(_fill(item, _Findings((sentence,), findings.data)))
            return items
        case ObjectForm(fields=fields):
            return _fill_object(fields, findings)


def _fill_object(fields: tuple[tuple[str, AnswerForm, bool], ...], findings: _Findings) -> dict[str, Any]:
    # An optional field is left out rather than filled with null, which its form may not allow.
    values = {}
    for name, form, is_optional in fields:
        value = _fill(form, findings)
        if value is not None or not is_optional:
            values[name] = value
    return values


def _fill_typed(kind: str, findings: _Findings) -> Any:
    text = findings.best[0].text if findings.best else ""
    match kind:
        case "true or false":
            return bool(findings.best)
        # The kernel's words for `int` and `number`.
        case "whole number" | "number":
            number = _NUMBER.search(text)
            if number is None:
                return None
            return _parse_number(number.group(), whole=kind == "whole number")
        # The kernel adds the format: `date YYYY-MM-DD`.
        case _ if kind.startswith("date"):
            date = _DATE.search(text)
            return None if date is None else date.group()
        case _:
            return text


def _parse_number(digits: str, *, whole: bool) -> int | float | None:
    if "." not in digits:
        return int(digits)
    # 2.5 is not rounded to a whole number: nothing is made up.
    if whole:
        return None
    return float(digits)


def _choose(options: tuple[AnswerForm, ...], findings: _Findings) -> Any:
    """One of several alternatives: a form to fill if something qualified, else the label with most words in the data.

    `"spam" | "ham"` over "spam spam ham" is "spam". With `null` among them, a label that does not occur is not chosen.
    """
    nullable = LiteralForm(None) in options
    others = [option for option in options if not isinstance(option, LiteralForm)]
    # `<number> | "unknown"`: with a sentence at hand the number is tried, else the label is all that can be said.
    if findings.best and others:
        return _fill(others[0], findings)
    literals = [option.value for option in options if isinstance(option, LiteralForm)]
    labels = [value for value in literals if value is not None]
    if labels:
        return _most_frequent(labels, findings.data, nullable=nullable)
    # Without a sentence and without labels: null where that is allowed, else an empty form.
    if nullable or not others:
        return None
    return _fill(others[0], findings)


def _most_frequent(labels: list[Any], data: str, *, nullable: bool) -> Any:
    """The label whose words occur most often in the data; None if none occurs and that is allowed."""
    counts = Counter(words(data))
    scores = []
    for label in labels:
        label_words = set(words(str(label)))
        scores.append(sum(counts[word] for word in label_words))
    best = max(scores)
    if nullable and not best:
        return None
    # Of equal ones the first, as `index` finds it.
    return labels[scores.index(best)]
