"""Looking up quotes: where the words stand that a program or a model names as evidence.

    "disk full"        where it stands, byte for byte                        `verbatim`
    "disk\\nfull"       else with white space folded, anywhere                `verbatim-ws`
    "«disk» full"      else without the marks that observations make         (`observation.marks`)
    "1,200"            else a cell of a table that is spelled otherwise      `cell`: its row
    "log:17: disk"     else on the line that it claims, and nowhere else     (`observation.claims`)

Each is looked for in the texts near by first, then in all inputs. Not here: what becomes of a place (`evidence`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rlmlite_kernel.engines.query.query import Matcher, Query, literal, regex
from rlmlite_kernel.engines.query.regex import quote as quote_pattern
from rlmlite_kernel.engines.search.find import SearchResult, find
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.queries import matcher_for
from rlmlite_kernel.records.evolution import ANSWERS_ARE_HELD, WHOLE_LINES
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.tables.row_spans import RowSpans

if TYPE_CHECKING:
    from rlmlite_kernel.observation.claims import Claim

_Reading: TypeAlias = tuple[str, Query]
"""How words count as found, and what to look for."""


class Place(NamedTuple):
    """The first place of a quote, a text or else a row of a table (by number), and how often it stands in all."""

    how: str
    text: Text | None = None
    row: tuple[RowSpans, int] | None = None
    times: int = 1


class Quotes:
    """Looks quotes up in the inputs: `names` and `tables` are those of `evidence.DocumentNames`."""

    def __init__(
        self, names: Mapping[str, tuple[str, str, str]], tables: Mapping[str, RowSpans], context: StepContext
    ) -> None:
        self._names, self._tables, self._context = names, tables, context

    def find(self, quote: str, near: Sequence[Text]) -> Place | None:
        """The first place of a quote, in the best spelling that stands anywhere."""
        return next(filter(None, (self._first_place(each, near) for each in self._spellings(quote))), None)

    def find_claims(self, quote: str, near: Sequence[Text]) -> tuple[list[Text], list["Claim"]]:
        """The words of a quote that comes with its places: where they stand there, and the claims that are false."""
        if not self._context.follows(ANSWERS_ARE_HELD):
            return [], []
        from rlmlite_kernel.observation.claims import claims_in  # most quotes are found as they stand

        texts: list[Text] = []
        unfound: list[Claim] = []
        for claim in claims_in(quote):
            text = self._find_claim(claim, near)
            if text is None:
                unfound.append(claim)
            else:
                texts.append(text)
        return texts, unfound

    def _spellings(self, quote: str) -> Iterator[Sequence[_Reading]]:
        """What to look for, best first: the quote as it stands, then without the marks that observations make."""
        # The words in order, with any white space between: what line wrapping and indentation may have changed.
        words = [quote_pattern(word) for word in quote.split()]
        yield ("verbatim", literal(quote)), ("verbatim-ws", regex(r"\s+".join(words), "s"))
        if not self._context.follows(ANSWERS_ARE_HELD):
            return
        from rlmlite_kernel.observation.marks import without_marks

        patterns = without_marks(quote)
        if patterns is not None:
            exact, folded = patterns
            yield ("verbatim", regex(exact, "s")), ("verbatim-ws", regex(folded, "s"))

    def _first_place(self, readings: Sequence[_Reading], near: Sequence[Text]) -> Place | None:
        """The first place of a quote, in a text or else in a cell of a table."""
        # Columns are no text: their cells are looked through by themselves.
        everywhere = [self._whole(blob) for blob in self._names if blob not in self._tables]
        # The exact form in all inputs before the folded form anywhere: a verbatim match elsewhere is better evidence.
        for how, query in readings:
            for texts in (near, everywhere):
                place = self._find_in_texts(query, texts, how)
                if place is not None:
                    return place
        exact = readings[0][1]
        return next(filter(None, (self._find_in_cells(exact, rows) for rows in self._tables.values())), None)

    def _find_in_texts(self, query: Query, texts: Sequence[Text], how: str) -> Place | None:
        """The first place in some texts; those in the others are counted with it."""
        matcher = self._matcher(query)
        first: Text | None = None
        times = 0
        for text in texts:
            matches = self._search(matcher, text)
            if matches.out_of_work:
                # What was found so far still counts: evidence that is there is not withheld for want of work.
                self._context.mark_partial("search_work", "search_work ran out while quotes were looked up")
            times += len(matches.starts)
            if first is None and len(matches.starts):
                first = Text(text.blob, int(matches.starts[0]), int(matches.stops[0]))
        return None if first is None else Place(how, first, times=times)

    def _find_in_cells(self, query: Query, rows: RowSpans) -> Place | None:
        """The row of the first cell that says a quote, where the file spells it otherwise, or has no text at all."""
        store = rows.store
        matches = self._search(self._matcher(query), self._whole(store.blob))
        for start, stop in zip(matches.starts.tolist(), matches.stops.tolist(), strict=True):
            cell = store.text_at(start)
            # Cells lie end to end, and numbers between them: what begins in one must end in it.
            if cell is not None and stop <= cell[2]:
                return Place("cell", row=(rows, cell[0]))
        return None

    def _find_claim(self, claim: "Claim", near: Sequence[Text]) -> Text | None:
        """Where the words stand that come with their place, if they stand there."""
        from rlmlite_kernel.observation.claims import find_claim, is_named

        named = [
            self._whole(blob)
            for blob, (name, path, _) in self._names.items()
            if blob not in self._tables and is_named(claim.name, name, path)
        ]
        # Where nobody said of what, what the quote was made of comes first.
        beside = {text.blob for text in near}
        return find_claim(claim, sorted(named, key=lambda text: text.blob not in beside), self._context.blobs)

    def _matcher(self, query: Query) -> Matcher:
        return matcher_for(query, whole_lines=self._context.follows(WHOLE_LINES))

    def _search(self, matcher: Matcher, text: Text) -> SearchResult:
        """All places in a text, as far as the work that is left suffices."""
        context = self._context
        content = context.blobs.read(text.blob)
        matches = find(content, matcher, text.start, text.stop, context.budget_left("search_work"))
        context.spend_search(matches.work, matches.out_of_work)
        return matches

    def _whole(self, blob: str) -> Text:
        return Text(blob, 0, len(self._context.blobs.read(blob)))
