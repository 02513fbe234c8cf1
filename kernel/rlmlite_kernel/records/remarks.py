"""What a step says of its work besides its value: warnings and notes, each with a code.

A *warning* says that a value may be wrong ("2 of 40 values were no numbers"), a *note* what was read or limited as
requested ("3 of 5 hits are kept"). Both are sentences, for observations and outcomes. Records hold no free text, so
what a record keeps of one is its code, how often it applied, and an example with its place (`records.Remark`).

    message "2 of 40 values are not numbers", quoted "1,204.75", input "ledger", line 2
        observation    ! 2 of 40 values are not numbers, the first on line 2 of ledger: <quoted "1,204.75">
        record         {"code": "not_a_number", "n": 2, "example": <ref>, "input": "ledger", "line": 2}

Not here: who raises them (`evaluation.context`), and how they are shown (`run.show`).
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from rlmlite_kernel.records.reasons import EVIDENCE_NOT_FOUND, REASONS

OTHER: Final = "other"

CODES: Final[Mapping[str, str]] = {
    OTHER: "something else, which the observation says",
    "answer_unkept": "there was no room for the answer before as a variable",
    "asked_again": "answers were not of the form, and were asked for again",
    "budget": "a budget ran out before all was done",
    "by_zero": "a divisor is zero, so the result is null",
    "calls_failed": "calls failed",
    "batches_split": "batches did not fit a prompt, and went out in smaller ones",
    "chunk_appended": "a prompt over rows showed none of their fields, so the rows were put at its end",
    "chunks_split": "the rows of a key are more than one chunk",
    "chunks_by_lines": "texts were cut by lines instead of symbols",
    "code_unparsed": "code could not be parsed",
    "code_unread": "texts were not read as code",
    "condition_constant": "a condition is the same for every row",
    "coverage_bounded": "not all strings in prompts were compared with the inputs, so `read` may be too low",
    "crlf": "lines end in CR LF, which `$` does not match before",
    "evidence_invalid": "evidence is not a span, a row or a quote",
    "evidence_not_found": "a quote was not found in any input",
    "fields_empty": "a field of a form is empty on every line",
    "evidence_limited": "the evidence of a count is not all of its matches",
    "hits_limited": "more hits were found than the limit keeps",
    "hole_empty": "a placeholder of a template had nothing to stand for",
    "index_unkept": "no index was kept of a text of this size",
    "input": "something was left out of an input, or altered when it was read",
    "join": "more pairs matched than the limit keeps",
    "keys_null": "rows have no key, and match nothing",
    "keys_repeated": "rows have the key of an earlier row",
    "kinds_mixed": "values of different kinds were compared",
    "kinds_unfit": "an operation has no result for values of these kinds",
    "lines_cut": "long lines were searched in pieces",
    "lines_unmatched": "lines do not match the form",
    "list_compared": "a whole list was compared with one value",
    "literal_query": "a text that looks like a regular expression was searched for literally",
    "nested_partial": "a nested run ended without all that it was asked for",
    "nested_remark": "a nested run said something of its work",
    "no_field": "there is no field of this name",
    "no_fields": "values have no fields",
    "no_hits": "nothing was found",
    "no_items": "values have no items",
    "no_match": "texts do not match a pattern",
    "no_path": "no document has this path",
    "no_values": "there were no values to fold",
    "not_dates": "values that are no dates, leave open which one, or name the wrong weekday",
    "not_json": "texts are not JSON",
    "not_numbers": "values are not numbers",
    "not_texts": "values are not texts",
    "not_verbatim": "texts of an answer do not stand in what it was taken from",
    "null_as_text": "null was read as an empty text",
    "null_counted": "null was counted as nothing",
    "long_matches": "matches of a regex across lines are bounded in length",
    "other_templates": "lines that fit a template are counted under other templates",
    "out_of_memory": "memory ran out before the value could be shown",
    "outside": "an index or a bound lies outside",
    "overrun": "calls used more tokens than were reserved",
    "part_position": "a position in the whole was applied to a part",
    "patterns": "more kinds of lines than can be told apart",
    "prose": "a line of words beside the statements was skipped",
    "read_as": "something was read as what it means here, not as it is spelled",
    "provider_said": "calls failed, and their provider said why",
    "rows_lacking": "rows got no answer",
    "rows_unpaired": "rows of the longer side have no partner",
    "search_work": "search_work ran out before all was searched",
    "slice_empty": "a slice starts after its end",
    "texts_ordered": "texts that are numbers were compared as texts",
    "too_large": "a result is too large",
    "too_long": "prompts are longer than the limit",
    "tool_said": "a tool reported something",
    "words_missing": "words of a query do not occur",
} | {code: f"of an answer: {reason.message}" for code, reason in REASONS.items() if code != EVIDENCE_NOT_FOUND}
"""What each code says, without the figures and examples of a single case. Codes are never used again for others."""


class StepRemark(NamedTuple):
    """One remark of a step: a sentence, what it quotes of the data (fenced as data where it is shown), and its facts.

    `n` is how often it applied, `input` and `line` where the example is, as far as known (`line` counts from 1).
    `every_row`: it is about all the rows of an action. An action that looks at its rows batch by batch may repeat it
    only if every batch gave rise to it (see `actions.batches`).
    """

    message: str
    quoted: str = ""
    every_row: bool = False
    code: str = OTHER
    is_note: bool = False
    n: int = 1
    input: str = ""
    line: int = 0


def merge_remarks(remarks: Iterable[StepRemark]) -> tuple[StepRemark, ...]:
    """Each remark once, in the order of their first occurrence, with the sum of how often it applied.

    A condition that every turn repeats says the same in each: whoever reads the outcome wants it once.
    """
    counts: dict[StepRemark, int] = {}
    for remark in remarks:
        key = remark._replace(n=0)
        counts[key] = counts.get(key, 0) + remark.n
    return tuple(remark._replace(n=n) for remark, n in counts.items())
