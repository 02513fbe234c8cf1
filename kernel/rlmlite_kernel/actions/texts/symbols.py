"""symbols: the functions, classes and other definitions of source code.

    symbols(docs)   over car.py: "class Car:\n    def go(self): ..."
    -> {"doc": "car.py", "kind": "class", "name": "Car", "within": null, "line": 1, "text": the whole class}
       {"doc": "car.py", "kind": "function", "name": "go", "within": "Car", "line": 2, "text": ...}

Parsing is the host's (`context.parser`). A text that cannot be read as code does not fail the step: it goes to
`.skipped` with a reason, since a folder of code always has other files in it. So does a text that is too long, or with
brackets nested so deeply that the parser's own stack would be at risk: that is looked at before the parser runs.
"""

from collections.abc import Iterator

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import int_array
from rlmlite_kernel.engines.cut.symbols import (
    DEEPEST,
    LANGUAGES,
    LONGEST,
    WEIGHT,
    Symbol,
    language_of,
    nesting_depth,
)
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import ALL_DEFINITIONS, CHARGED_BEFORE
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers
from rlmlite_kernel.values.parsers import CodePart, ParserMissingError, checked_symbols
from rlmlite_kernel.values.values import Rows, Value

# Bytes that a definition takes in memory, at a guess.
_SYMBOL = 200


def find_symbols(context: StepContext, target: Value, language: str | None) -> Value:
    """Definitions: rows {doc, kind, name, within, line, start, end, text}. What could not be read is in `.skipped`."""
    table = _SymbolTable()
    skipped: list[tuple[Value, Value]] = []
    broken = 0
    for piece in target_pieces(target, "symbols", context):
        language_of_piece, reason = choose_language(piece, language, context)
        if language_of_piece is None:
            skipped.append((piece.doc, reason))
            continue
        symbols, is_sound = parse_symbols(piece, language_of_piece, context)
        # The parser goes on after an error, so what it found is kept and the text is only counted.
        broken += not is_sound
        context.ensure_room(len(symbols) * _SYMBOL)
        table.add(piece, symbols, context)
    if broken:
        context.warn(
            f"texts with code that cannot be parsed: {broken:,}; definitions in them may be missing",
            code="code_unparsed",
        )
    if skipped:
        context.note(f"texts that were not read as code: {len(skipped):,}; see .skipped", code="code_unread")
    return table.rows(skipped)


class _SymbolTable:
    """Gathers the definitions of all pieces, then makes rows of them."""

    def __init__(self) -> None:
        self._places = SpanBuilder()
        self._kinds: list[Value] = []
        self._names: list[Value] = []
        self._within: list[Value] = []

    def add(self, piece: TargetPiece, symbols: list[Symbol], context: StepContext) -> None:
        """Append the definitions of a piece, in order."""
        content = context.blobs.read(piece.text.blob)
        # Names are copied, unlike the definitions: programs compare and group by them.
        names = [bytes(content[slice(*symbol.name)]).decode() for symbol in symbols]
        self._names.extend(names)
        self._kinds.extend(symbol.kind for symbol in symbols)
        for outer in _enclosing(symbols):
            self._within.append(None if outer is None else names[outer])
        starts = int_array([symbol.start for symbol in symbols])
        stops = int_array([symbol.stop for symbol in symbols])
        self._places.add(piece, starts, stops)

    def rows(self, skipped: list[tuple[Value, Value]]) -> Rows:
        """All definitions, with the texts that were not read, and why, in `.skipped`."""
        spans = self._places.spans()
        columns: dict[str, Column] = {
            "doc": self._places.docs(),
            "kind": Cells(self._kinds),
            "name": Cells(self._names),
            "within": Cells(self._within),
            "line": LineNumbers(spans),
            "start": Ints(spans.starts),
            "end": Ints(spans.stops),
            "text": spans,
        }
        reasons: dict[str, Column] = {
            "doc": Cells([doc for doc, _ in skipped]),
            "why": Cells([reason for _, reason in skipped]),
        }
        return Rows("symbols", columns, len(spans), spans, {"skipped": Rows("rows", reasons, len(skipped))})


def choose_language(piece: TargetPiece, language: str | None, context: StepContext) -> tuple[str | None, str]:
    """The language to read a text in, or None and why it cannot be read. `language` is what the program says.

    Charges the look. Raises `Fault("arguments")` if neither the program nor a path tells.
    """
    # Length and nesting first: the parser is native code, and a hostile text could make it slow or crash it.
    if len(piece.text) > LONGEST:
        return None, f"longer than {LONGEST:,} bytes"
    if context.follows(CHARGED_BEFORE):
        # Looking is work too, also at a text that is then left out.
        context.charge("search_work", len(piece.text), "looking for code")
    else:
        context.work(len(piece.text), "looking for code")
    content = context.blobs.read(piece.text.blob)
    if nesting_depth(content, piece.text.start, piece.text.stop) > DEEPEST:
        return None, f"brackets nested deeper than {DEEPEST:,}"
    if language is not None:
        return language, ""
    if not isinstance(piece.doc, str):
        raise Fault("arguments", 'this text has no path that tells its language; give language="python"')
    return language_of(piece.doc), "no known language has this file ending"


def parse_symbols(piece: TargetPiece, language: str, context: StepContext) -> tuple[list[Symbol], bool]:
    """The definitions of a text, in order, outer ones before those inside them; and whether all of it was understood.

    Charges the text. Raises `Fault("arguments")` for an unknown language, `Fault("not_installed")` without a parser.
    One that does not survive the text raises `ParserCrashedError`, an outage of the step (`run.turns.outages`).
    """
    if language not in LANGUAGES:
        raise Fault("arguments", f"`language` must be one of {', '.join(LANGUAGES)}")
    text = piece.text
    # Before the parser runs: it cannot be stopped half-way, so there is no partial result to charge for.
    context.charge("search_work", WEIGHT * len(text), "reading symbols")
    content = context.blobs.read(text.blob)
    # What more than tags name is found only by runs that began with it.
    reading = language if context.follows(ALL_DEFINITIONS) else f"{language}.tags"
    part = CodePart(text.blob, text.start, text.stop, reading)
    try:
        definitions = context.parser.find_definitions(part, content)
        symbols = checked_symbols(definitions, part, content)
    except ParserMissingError as error:
        raise Fault("not_installed", f"symbols needs an extra: pip install 'rlmlite[code]' ({error})") from None
    context.scanned.append(text)
    return symbols, definitions.is_sound


def _enclosing(symbols: list[Symbol]) -> Iterator[int | None]:
    """For each definition, the number of the nearest one around it. `class Car { go() {} }` gives None, 0."""
    # A stack of the definitions that the current one may lie in, from outside to inside. One pass is enough, since an
    # outer definition comes before those inside it.
    around: list[int] = []
    for number, symbol in enumerate(symbols):
        while around and not _encloses(symbols[around[-1]], symbol):
            around.pop()
        yield around[-1] if around else None
        around.append(number)


def _encloses(outer: Symbol, inner: Symbol) -> bool:
    # `const A, B = 1, 2` is one span with two names: neither is within the other.
    return inner.start < outer.stop and (outer.start, outer.stop) != (inner.start, inner.stop)
