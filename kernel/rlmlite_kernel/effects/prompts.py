"""Prompts as recipes: what a template literal and the rows that it goes over make, without a copy of any content.

A prompt is a tuple of parts: words of the program, and *pieces*, which are spans of inputs or strings that the program
made. Content of inputs, tools and models is fenced as data, numbers and the controller's own words stand bare.

    "Is {chunk} about {topic}?" over three chunks, with topic = "disks"

    shared                "Is ", " about ", Piece("disks", bare), "?"
    one for each row      Piece(span of chunk 1, fenced), Piece(span of chunk 2, fenced), ...

Shared parts are kept once, so a fan-out over a million chunks takes one span for each, and no text. Sizes follow from
the spans' lengths. The text itself is rendered when a request is read (`effects.calls`).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import cast

import numpy as np

from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.requests import Part, Piece
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import FOREIGN, TaintedValue
from rlmlite_kernel.evaluation.texts import ROW_TEXT, as_text, follow_path, has_field, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.program.schemas import Schema, spell_schema
from rlmlite_kernel.program.templates import Hole, join_texts, pieces
from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD, FIELDS_OF_PROMPTS, LABELS_OF_QUESTIONS
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import Rows, Value

_FORM = "\n\nAnswer with JSON only, of this form: "

_BETWEEN = "\n\n"
_REFUSED = "\n\nYour last answer was refused: "
_AGAIN = ". Answer again, with JSON only, of the form above."
_MEND = "Mend this answer, so that it has the form below. Change nothing else, and make nothing up.\n\n"
_WRONG = "\n\nWhat is wrong with it: "

RowPart = Part | list[Piece] | list[str]
"""A part that is the same for every call, or one for each."""


class Prompts:
    """The prompts of a step, by index: parts that are shared and parts that differ from row to row.

    `origins` is where what was put into them came from, `holdings` what of it each prompt holds, by index.
    `schema` is the form that they ask for; `is_form_data`: its own words come from data, as labels may.
    """

    def __init__(
        self,
        parts: list[RowPart],
        count: int = 1,
        origins: int = 0,
        holdings: Sequence[Callable[[int], Holding]] = (),
        schema: Schema | None = None,
        is_form_data: bool = False,
    ) -> None:
        self._parts, self._count, self.origins, self._holdings = parts, count, origins, holdings
        self.schema, self.is_form_data = schema, is_form_data

    def __len__(self) -> int:
        return self._count

    def again(self, indexes: Sequence[int], wrong: Sequence[str]) -> "Prompts":
        """Some of these prompts once more, each with what was wrong with the answer to it."""
        parts = [_choose(part, indexes) for part in self._parts]
        # Bare: what was wrong is said in words of the kernel, which quote nothing of the answer.
        parts += [_REFUSED, [Piece(words, "") for words in wrong], _AGAIN]
        holdings = [partial(_holding_at, holding_of, tuple(indexes)) for holding_of in self._holdings]
        return Prompts(parts, len(indexes), self.origins, holdings, self.schema, self.is_form_data)

    def parts(self, index: int) -> tuple[Part, ...]:
        """The recipe of one prompt."""
        return tuple(part[index] if isinstance(part, list) else part for part in self._parts)

    def holdings(self, index: int) -> list[Holding]:
        """What one prompt holds, for coverage."""
        return [holding_of(index) for holding_of in self._holdings]

    def sizes(self) -> IntArray:
        """The bytes of each prompt."""
        # From lengths alone: no content is read until a request is.
        total = np.zeros(self._count, np.int64)
        for part in self._parts:
            if isinstance(part, list):
                total += np.array([_size(each) for each in part], np.int64)
            else:
                total += _size(part)
        return total


def _size(part: Part) -> int:
    return len(part.encode()) if isinstance(part, str) else part.size()


def mending(answers: Sequence[str], wrong: Sequence[str], asked: Prompts, origins: int) -> Prompts:
    """Prompts that ask to mend answers to `asked`: each with the answer, and what is wrong with it."""
    assert asked.schema is not None
    parts: list[RowPart] = [_MEND, [Piece(answer, "answer") for answer in answers]]
    parts += [_WRONG, [Piece(words, "") for words in wrong], *_ask_for_form(asked.schema, asked.is_form_data)]
    # Answers of a model are no texts of inputs, whatever they quote: nothing is held.
    return Prompts(parts, len(answers), origins, (), asked.schema, asked.is_form_data)


def _ask_for_form(schema: Schema, is_data: bool) -> list[RowPart]:
    """The sentence that asks for a form of the answer; the form is fenced if words in it are data."""
    form = spell_schema(schema)
    # As one part: the recipe of a prompt is recorded.
    return [_FORM, Piece(form, "labels")] if is_data else [_FORM + form]


def _choose(part: RowPart, indexes: Sequence[int]) -> RowPart:
    """A part of some of the prompts."""
    # As what it is: the cells of a column are pieces, or words of the program, never some of each.
    if not isinstance(part, list):
        return part
    return cast(RowPart, [part[index] for index in indexes])


def _holding_at(holding_of: Callable[[int], Holding], indexes: tuple[int, ...], place: int) -> Holding:
    return holding_of(indexes[place])


class PromptWriter:
    """Turns a template literal into prompts: one per row of `rows`, or one in all without rows.

    A placeholder is looked up first among the call's named arguments, then among the fields of the rows, then among the
    variables.
    """

    def __init__(
        self,
        context: StepContext,
        arguments: dict[str, TaintedValue],
        rows: TaintedValue | None,
        holding_of: Callable[[int], Holding] | None = None,
    ) -> None:
        self._context, self._arguments, self._rows = context, arguments, rows
        self._origins = context.argument_origins
        # Rows that were rendered before they came here: what each of them holds is known to whoever did that.
        self._rendered = holding_of
        self._holdings: list[Callable[[int], Holding]] = []

    def write(
        self,
        template: str | Iterable[str | Hole],
        schema: Schema | None,
        schema_origins: int = 0,
        *,
        must_differ: bool = True,
    ) -> Prompts:
        """The prompts, one per row or one in all; a schema is asked for at the end. Raises `Fault("template")`.

        A template that is put together comes in pieces: in its texts a brace is a brace. `schema_origins` is where
        words of the schema come from: labels may be taken from data. `must_differ`: with rows, no two prompts may be
        sure to be the same.
        """
        parts: list[RowPart] = []
        for piece in pieces(template) if isinstance(template, str) else join_texts(template):
            if isinstance(piece, str):
                parts.append(piece)
            else:
                parts.append(self._fill(piece))
        differs_by_row = any(isinstance(part, list) for part in parts)
        if self._rows is not None and must_differ and not differs_by_row:
            # Every call would ask the same, which is never meant and costs as much.
            parts += self._append_rows()
        if schema is not None:
            parts.extend(self._form(schema, schema_origins))
        count = 1 if self._rows is None else len(self._table())
        is_form_data = bool(schema_origins & FOREIGN)
        if self._context.follows(ANSWERS_ARE_HELD):
            self._refuse_blank(parts, count)
        return Prompts(parts, count, self._origins, self._holdings, schema, is_form_data)

    def _append_rows(self) -> list[RowPart]:
        """The rows at the end of a prompt that shows none of their fields."""
        context, rows = self._context, self._rows
        if rows is None or not context.follows(FIELDS_OF_PROMPTS):
            raise Fault("template", "the prompt does not show the chunk: write {chunk} where its text goes")
        context.note("the prompt shows no field of the rows, so {chunk} was put at its end", code="chunk_appended")
        table = self._table()
        if access.column_name(table, ROW_TEXT.name) is not None:
            return [_BETWEEN, self._row_pieces(ROW_TEXT, rows)]
        # Records without a text are shown whole, as in the batches of `classify`.
        values = [line_of(table, item) for item in table.values(context.blobs)]
        self._holdings.append(lambda row: Holding(values[row], rows.words, table.spans, row))
        return [_BETWEEN, [self._piece(value, rows.origins, str(ROW_TEXT)) for value in values]]

    def _refuse_blank(self, parts: Sequence[RowPart], count: int) -> None:
        """Raise `Fault("template")` for a prompt that says nothing: whatever a model replied to it would be made up."""
        if self._rows is None:
            blank = 0 if all(_is_blank(part) for part in parts) else None
        else:
            sizes = Prompts(list(parts), count).sizes()
            blank = next((index for index in range(count) if not sizes[index]), None)
        if blank is not None:
            which = "the prompt" if self._rows is None else f"prompt {blank:,} of {count:,}"
            raise Fault("template", f"{which} is empty, and an empty prompt is never sent: say what is asked")

    def _form(self, schema: Schema, origins: int) -> list[RowPart]:
        is_data = bool(origins & FOREIGN) and self._context.follows(LABELS_OF_QUESTIONS)
        return _ask_for_form(schema, is_data)

    def _table(self) -> Rows:
        assert self._rows is not None
        return self._context.require_rows(self._rows.value, "what the calls go over")

    def _fill(self, hole: Hole) -> RowPart:
        """What stands in place of a placeholder: from the nearest scope that has its name."""
        name, variables = hole.name, self._context.variables
        if name in self._arguments:
            return self._shared_piece(hole, self._arguments[name])
        # Before the variables: a row's field must not change its meaning when a variable of that name is written.
        if self._rows is not None and has_field(self._table(), name, self._context):
            return self._row_pieces(hole, self._rows)
        if name in variables:
            return self._shared_piece(hole, variables[name])
        fields = () if self._rows is None else self._table().columns
        known = [*self._arguments, *variables, *fields]
        hint = did_you_mean(name, known) or f"known: {list_names(known)}"
        raise Fault("template", f"{{{hole}}} names neither an argument, a field nor a variable; {hint}")

    def _shared_piece(self, hole: Hole, data: TaintedValue) -> Piece:
        """What stands in every prompt alike."""
        value = follow_path(data.value, hole.path, self._context)
        if value is None and self._context.says_nulls:
            one = f"`{{{hole}}}` is null, so nothing stands in its place"
            self._context.miss("hole_empty", one, "have nothing to fill it with")
        holding = Holding(value, data.words)
        self._holdings.append(lambda _: holding)
        return self._piece(value, data.origins, str(hole))

    def _row_pieces(self, hole: Hole, rows: TaintedValue) -> list[Piece]:
        """What stands in the prompt of each row."""
        source = str(hole)
        row_pieces: list[Piece] = []
        table, context = self._table(), self._context
        values: list[Value] = []
        for row, cell in enumerate(access.column_cells(table, hole.name, context)):
            value = follow_path(cell, hole.path, context)
            if value is None and context.says_nulls:
                context.misses.count_hole(f"{{{hole}}}", table, row, context.blobs)
            values.append(value)
            row_pieces.append(self._piece(value, rows.origins, source))
        self._holdings.append(self._rendered or (lambda row: Holding(values[row], rows.words, table.spans, row)))
        return row_pieces

    def _piece(self, value: Value, origins: int, source: str) -> Piece:
        """A value as it goes into a prompt: text by reference, and fenced if it may carry untrusted instructions."""
        # Every piece counts for egress, a bare number as well: it was computed from content.
        self._origins |= origins
        content = value if isinstance(value, str | Text) else as_text(value, self._context)
        if isinstance(content, Text):
            # The prompt is rendered only later; noted now, so that the file is confirmed not to have changed.
            self._context.blobs.digests_read.add(content.blob)
        holds_no_words = value is None or isinstance(value, bool | int | float)
        is_bare = holds_no_words or not origins & FOREIGN
        return Piece(content, "" if is_bare else source)


def _is_blank(part: RowPart) -> bool:
    """Whether a part that all calls share says nothing, with a fence around it or without."""
    if isinstance(part, Piece):
        return not (part.content.strip() if isinstance(part.content, str) else len(part.content))
    return isinstance(part, str) and not part.strip()
