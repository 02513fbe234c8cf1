"""The numbers in a trace that say how to read it, so that an old one keeps its meaning when the kernel changes.

Four things change, each with a number of its own:

- `FORMAT`: how records are laid out. A reader knows some formats and refuses the others by number.
- `FLAGS`: what actions *mean*. A change of what a program computes adds a flag, and the code asks
  `context.follows(flag)` where old and new meaning part. A new run has all flags; its genesis lists them, and a replay
  follows that list.
- `RENDERING`: how results are *worded and laid out* in observations. A trace of another rendering is replayed in full
  (values, refs, budgets, coverage, codes), but its texts are not compared, and the replay says so.
- `KERNEL`: the version that wrote the trace. It decides nothing; a difference is reported beside it.

Verifying needs only the format: what actions mean does not matter to whether a trace is whole.
Words in *prompts* are meaning, not rendering: they change what models are sent and what calls cost.

Worked example. The median of an odd count was computed as half of twice the middle number, and twice a huge number is
too large for a float. So `MEDIAN_OF_ONE = 1` was added to `FLAGS`, and `folds` asks `context.follows(MEDIAN_OF_ONE)`.
An older trace has no flags, so its replay still computes what was computed then; a new run has `"flags": [1]`.
"""

from collections.abc import Collection, Mapping
from typing import Final

FORMAT: Final = 2
"""The trace format that is written. `rlmlite_traces` lists those that can be read."""

MEDIAN_OF_ONE: Final = 1
LABELS_OF_QUESTIONS: Final = 2
EXPOSURE_BY_INPUT: Final = 3
CHARGED_BEFORE: Final = 4
ROWS_BY_RECIPE: Final = 5
ROW_ARGUMENTS: Final = 6
HOST_ACTIONS: Final = 7
ROWS_WITH_OBJECTS: Final = 8
WORK_BY_SIZE: Final = 9
SUMS_BY_KEY: Final = 10
TABLES_APART: Final = 11
NULLS_ARE_SAID: Final = 12
WHOLE_LINES: Final = 13
EVIDENCE_BY_PLACE: Final = 14
LOSSES_ARE_PARTIAL: Final = 15
STRICT_DATES: Final = 16
ALL_DEFINITIONS: Final = 17
ANSWERS_ARE_HELD: Final = 18
CHUNKS_END_AT_LINES: Final = 20
CALLS_ARE_SHARED: Final = 19
FIELDS_OF_PROMPTS: Final = 21
EVIDENCE_OF_NESTED_RUNS: Final = 22
TIMES_AND_STEMS: Final = 23
HABITS_OF_ROWS: Final = 24
EARLIER_ANSWERS: Final = 25
ADDITIONS: Final = 26
PLACES_OF_NESTED_INPUTS: Final = 27
PROMPTS_FIT: Final = 28
"""Flags. What each changed is said in `FLAGS`."""

FLAGS: Mapping[int, str] = {
    MEDIAN_OF_ONE: "the median of an odd count is its middle number, however large; over 1,000 rows it could overflow",
    LABELS_OF_QUESTIONS: "the question of a nested run and the arguments of a call are under the rules of the inputs "
    "that they were made of",
    EXPOSURE_BY_INPUT: "what a controller has learned of is tracked by input, and what depends on withheld content is "
    "part of it; where content is withheld, budgets are told in steps",
    CHARGED_BEFORE: "visits of rows, reading of long texts and copies are charged before the work is done; a value is "
    "charged at least a quarter of its memory",
    ROWS_BY_RECIPE: "rows of the lines of a large text are a recipe: their ref commits to the text, the form and which "
    "lines they are, not to every offset, and they are charged a bit for each line; slices of texts, `matches` "
    "and the values of keys are made, and charged, over whole columns",
    ROW_ARGUMENTS: "whole numbers, flags and texts that an action takes in a row expression are checked as in a call "
    "of its own; a value of another kind stopped the run",
    HOST_ACTIONS: "what an action of the host raises, returns without it being a value, or changes is a fault of its "
    "step; it works on copies",
    ROWS_WITH_OBJECTS: "rows are charged for the objects that they are made of, however few rows there are",
    WORK_BY_SIZE: "`around` is charged by its rows, writing a list as text by the bytes, `patterns` also by its texts",
    SUMS_BY_KEY: "sums and averages by key are charged as columns, whatever numbers they are of",
    TABLES_APART: "rows of two tables that `union` has joined are searched each in its own text, not in the first one",
    NULLS_ARE_SAID: "a value that has no number, date or sum is null with a warning that counts such values; kinds "
    "that can never fit, such as text + rows, are a fault; both were null without a word. Warnings and notes are on "
    "record, and controllers are told what was left out of inputs",
    WHOLE_LINES: "without flag s, a line is searched whole, whatever its length; it was cut every 64 KiB. A line ends "
    "at a newline, a CR and a newline, or a lone CR, and its text has none of them; a CR was part of its line. Groups "
    "of one name in a list of regexes are one field; it was the last of them. Blanks of a form or template are any "
    "run of blanks, and a template has the lines that `patterns` counts, or is one of whole lines, if there are such",
    EVIDENCE_BY_PLACE: "evidence and coverage go by the place of a text in its input; texts of equal content were "
    "taken for each other; coverage counts what prompts hold whatever built them, not references alone",
    LOSSES_ARE_PARTIAL: "an answer is partial whenever a call failed, a bound was met or an input could not be read as "
    "a whole, at any turn of its question; the record of a nested run counts the calls below it",
    STRICT_DATES: "dates are read in more spellings, and only where the whole text is one",
    ALL_DEFINITIONS: "`symbols` finds definitions that the tags of a grammar leave out, as records, enums, aliases",
    ANSWERS_ARE_HELD: "an answer that something speaks against is held back for a turn, or partial where there is no "
    "next one; drafts stand where no answer was taken; a quote may come with the place that it claims; an empty prompt "
    "is a fault",
    CHUNKS_END_AT_LINES: "chunks by bytes end at line ends; `describe` of an action's name tells how it is called; a "
    "slice that asks for more than there is, and blank lines that fit no form, are no warnings; a search without hits "
    "says in what other reading, or in what other input, there are some",
    CALLS_ARE_SHARED: "an answer that is not of the form which a call asked for is asked for again once, with what was "
    "wrong with it, and batches say so too; where a role allows it, the same prompt is one call in a run",
    FIELDS_OF_PROMPTS: "there are `extract`, `tool_over_rows`, `explore_over_rows`, `collect`, `concat` of columns and "
    "`require`; the prompt of a batch of rows sends the fields that it names alone, and one over chunks that shows "
    "none of them is given them",
    EVIDENCE_OF_NESTED_RUNS: "the evidence and the coverage of a nested run are its parent's too, and are in both "
    "records; an input that is a part of a text has the bytes of that part",
    TIMES_AND_STEMS: "there are more actions on values: parts of texts, rounding, times of day; `-` on two times is "
    "what lies between them in seconds, and times with and without an offset from UTC have no order; `rank` "
    "looks for the stems of English words, without accents",
    HABITS_OF_ROWS: 'a text as an index of rows, `rows["n"]`, is their column; a field `text` of a form takes the '
    "place of the line's text; both were a fault",
    EARLIER_ANSWERS: "an answer is a variable of the next question, and of the host's next program: `answer_1`",
    ADDITIONS: "inputs and higher limits may be added between turns, by a record of their own",
    PLACES_OF_NESTED_INPUTS: "rows, records and lists are handed to a nested run with the places of their texts and "
    "rows, so what it has found in them is found in its parent's inputs; they were plain JSON",
    PROMPTS_FIT: "a batch of rows, or of texts to merge, that does not fit the window of a model is split, which is "
    "said; it was left out, or refused. Of a prompt that is too long is said how much of its text would fit, and a "
    "controller's prompt is laid out for its window. A controller whose reply was empty, cut off or filtered is told "
    "so and goes on; it was replaced, and the answer partial",
}
"""Every change of meaning since the first format, by number. Numbers are never used again."""

GUARDS: Mapping[int, str] = {
    LABELS_OF_QUESTIONS: "nested runs and calls carry content past the rules of the inputs that it comes from",
    EXPOSURE_BY_INPUT: "a controller learn of content that is withheld from it",
    CHARGED_BEFORE: "programs use time and memory without a charge",
}
"""The flags that guard whoever executes a run, and what a run without them may do: it is said after "let".

Whoever writes a genesis may leave them out. So such a run is only replayed, within the reader's limits, and goes on
only for whoever began it or trusts it.
"""


def lacked_guards(flags: Collection[int]) -> str:
    """What a run with these flags may do that a run of today may not, in words; empty if it is guarded as today."""
    return ", and ".join(what for flag, what in GUARDS.items() if flag not in flags)


UNNAMED_RENDERING: Final = 2
"""The rendering of a trace that names none: when it was written, there was no other one."""

RENDERING: Final = 3
"""The wording and layout of texts in receipts: 1 is that of format 1; 2 is plainer English; 3 shows text as text."""

KERNEL: Final = "0.1.0"
"""The version of this kernel, as the genesis record names it."""
