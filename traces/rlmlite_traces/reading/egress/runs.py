"""One run, read for a report of egress: its turns, the calls of its steps, and the runs nested in it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.records.findings import read_findings
from rlmlite_kernel.records.records import EffectRecord, Seal, Span, Step, Turn
from rlmlite_kernel.values.inputs import SourceFile
from rlmlite_kernel.values.values import DOCUMENTS
from rlmlite_traces.reading.egress.rows import Look, Row, Rows, size_of, subtract
from rlmlite_traces.reading.egress.sent import Marks, Range
from rlmlite_traces.reading.lineage import InputsBehind
from rlmlite_traces.reading.nested.walk import NestedTrace, Standing
from rlmlite_traces.reading.parts.chapters import InputStory
from rlmlite_traces.reading.parts.known_contents import KnownContent
from rlmlite_traces.reading.story import Story

Origins: TypeAlias = Mapping[str, frozenset[str]]
"""The inputs of the run at the root behind each input of a run."""

MarksAt: TypeAlias = Callable[[int], Marks]
"""What had been shown and read of inputs before a turn."""


class Book:
    """What all runs of a report are entered in, and what they know of each other."""

    def __init__(self, root: Story, nested: Mapping[str, NestedTrace]) -> None:
        self.nested = nested
        self.rows = Rows()
        # By digest: a nested run reads the files of the run at the root, under other names.
        self.files = {file.digest: (each.name, file.path) for each in root.inputs for file in each.files}
        self.read: set[str] = set()
        self.shared = 0
        self.gaps: list[str] = []

    def row(self, run: str, kind: str, destination: str, how: str, input_: str = "", path: str = "") -> Row:
        """The row of these."""
        return self.rows.at((run, kind, destination, how, input_, path))


def read_run(book: Book, story: Story, run: str, origins: Origins, marks: MarksAt) -> None:
    """Enter what one run has sent. `origins` are the root's inputs behind each of its own."""
    reader = _RunReader(book, story, run, origins, marks)
    for seq, record in enumerate(story.trace.records):
        match record:
            case Turn():
                reader.read_turn(record)
            case Step():
                reader.read_step(record, seq)
            case _:
                pass
        reader.behind.pass_over(record)
    reader.finish()
    if story.reader.known.is_exhausted:
        book.gaps.append("there are too many contents to compare all prompts with; what was not compared is `made`")


class _RunReader:
    """Reads one run for a walk."""

    def __init__(self, book: Book, story: Story, run: str, origins: Origins, marks: MarksAt) -> None:
        self._book, self._story, self._run, self._origins, self._marks = book, story, run, origins, marks
        self.behind = InputsBehind(story.trace.records, origins)
        self._inputs = {each.name: each for each in story.inputs}
        # Bytes of each input that observations have shown so far, all bytes of observations, and the root's inputs
        # behind them.
        self._looks: dict[tuple[str, str], Look] = {}
        self._shown_bytes: dict[str, int] = {}
        self._read_bytes: dict[str, int] = {}
        # Rows of what was counted of an input in a turn, by destination.
        self._counted: dict[tuple[int, str], dict[tuple[str, str], Row]] = {}
        # Inputs of which the calls of this step have ranges.
        self._ranged: set[str] = set()
        self._observed_bytes = 0
        self._observed: set[str] = set()
        self._placed = {
            (each.name, file.path): self._book.files.get(file.digest) for each in story.inputs for file in each.files
        }

    def read_turn(self, turn: Turn) -> None:
        """What a controller was sent for its reply: all that had been shown before, and words."""
        if turn.call is not None:
            destination, size = turn.call.model, turn.call.prompt_bytes
        elif turn.origin == "controller" and turn.reply is not None:
            destination, size = "the host's own", 0
            self._book.gaps.append("a host has asked a controller of its own: what it was sent is in no record")
        else:
            return
        observed, words = (self._row("controller", destination, how) for how in ("observations", "words"))
        observed.bytes = max(observed.bytes, self._observed_bytes)
        observed.of |= self._observed
        # The question, the card, the programs so far: whoever wrote them had seen what was shown.
        words.bytes += size
        words.of |= observed.of
        looks = [self._looks.setdefault((destination, name), Look()) for name in self._shown_bytes]
        for look, count in zip(looks, self._shown_bytes.values(), strict=True):
            look.shown, look.turn = count, turn.turn
        for row in (observed, words, *(look.row for look in looks)):
            row.calls += 1
            row.failed += turn.reply is None
            row.cached += turn.call is not None and turn.call.cached

    def finish(self) -> None:
        """Add what each controller had been shown at its last call, and what was counted of what programs made."""
        for (destination, name), look in self._looks.items():
            exact = list(self._marks(look.turn).get((name, "shown"), ()))
            look.row.bytes = look.shown
            self._add_look(("controller", destination, "shown"), name, exact, look.row)
        for (turn, name), places in self._counted.items():
            before, after = (self._marks(at).get((name, "read"), ()) for at in (turn, turn + 1))
            exact = subtract(after, before)
            for (kind, destination), row in places.items():
                self._add_look((kind, destination, "counted"), name, exact, row)

    def _add_look(self, place: tuple[str, str, str], name: str, exact: Sequence[Range], found: Row) -> None:
        """Add a row with the ranges, if they are all the bytes that were counted; else with the count."""
        kind, destination, how = place
        # A count is of distinct bytes: ranges that have as many are those.
        if size_of(exact) != found.bytes:
            row = self._row(kind, destination, how, name)
            row.bytes += found.bytes
            row.of |= self._roots({name}) - {name}
            row.add_calls(found)
            return
        for path, ranges in _by_document(self._inputs[name], exact):
            row = self._content_row(kind, destination, KnownContent(name, path))
            row.ranges += ranges
            row.add_calls(found)

    def read_step(self, step: Step, seq: int) -> None:
        """What the calls of a step sent, and what it showed, for the turns after it."""
        behind = self._roots(self.behind.of(step.reads))
        self._ranged = set()
        if step.effects is not None and not self._story.reader.known.has_key(step):
            self._book.gaps.append(f"step {step.step}: its statement was redacted, and with it the key to its prompts")
        if step.effects is not None:
            calls = self._story.trace.effects(seq)
            for call in calls:
                self._read_call(call, step, behind)
            self._count(step, calls)
        self._read_bytes |= {name: counts[1] for name, counts in step.coverage.items()}
        self._shown_bytes |= {name: counts[0] for name, counts in step.coverage.items()}
        if step.observation.ref is not None:
            self._observed_bytes += step.observation.size
            self._observed |= behind

    def _count(self, step: Step, calls: Sequence[EffectRecord]) -> None:
        """Add what the kernel has counted of inputs in the calls of a step, where no range of them is known.

        It compares what programs made with what that was made of, and records how many more bytes models have read.
        """
        made = [call for call in calls if not call.same_as and call.effect in ("lm", "tool")]
        places = {_destination(call) for call in made}
        if len(made) != len(calls) or len(places) != 1:
            return  # several destinations, or a nested run, whose own reading counts too: nobody can tell them apart
        (kind, destination), *_ = places
        for name, counts in step.coverage.items():
            more = counts[1] - self._read_bytes.get(name, 0)
            if more > 0 and name not in self._ranged:
                row = self._counted.setdefault((step.turn, name), {}).setdefault((kind, destination), Row())
                row.bytes += more
                row.calls += len(made)

    def _read_call(self, call: EffectRecord, step: Step, behind: set[str]) -> None:
        if call.same_as:
            self._book.shared += 1
            return
        if call.effect == "clock":
            return  # a clock is asked for the time, and is told nothing
        kind, destination = _destination(call)
        if call.effect in ("tool", "approve"):
            row = self._row(kind, destination, "arguments")
            row.bytes += call.prompt_bytes
            row.of |= behind
            row.add_call(call)
            return
        content = self._add_content(call, step, behind, kind, destination)
        words = self._row(kind, destination, "words")
        words.bytes += max(0, call.prompt_bytes - content)
        words.of |= self._observed
        words.add_call(call)
        if call.effect == "rlm":
            self._read_nested(call, behind)

    def _add_content(self, call: EffectRecord, step: Step, behind: set[str], kind: str, destination: str) -> int:
        """Add the content in a prompt; returns how many bytes it has."""
        content = 0
        rows: dict[int, Row] = {}
        for part in call.recipe:
            if not isinstance(part, Span):
                continue
            size = max(0, part.stop - part.start)
            content += size
            known = self._story.reader.known.find(step, part.blob)
            if known is not None and known.input:
                row = self._content_row(kind, destination, known)
                row.ranges.append((part.start, part.stop))
                self._ranged.add(known.input)
            else:
                row = self._row(kind, destination, "made")
                row.of |= behind
            row.bytes += size
            rows[id(row)] = row
        for row in rows.values():
            row.add_call(call)
        return content

    def _content_row(self, kind: str, destination: str, known: KnownContent) -> Row:
        """The row of a content: under its name at the root if it is a file of it."""
        placed = self._placed.get((known.input, known.path))
        if placed is not None:
            return self._book.row(self._run, kind, destination, "ranges", *placed)
        row = self._row(kind, destination, "ranges", known.input, known.path)
        row.of |= self._roots({known.input}) - {known.input}
        return row

    def _read_nested(self, call: EffectRecord, behind: set[str]) -> None:
        """What a nested run sent: from its trace, or from what it has reported."""
        if call.child is None or call.id in self._book.read:
            return  # it did not begin, or a stranger has written one id into many calls
        self._book.read.add(call.id)
        nested = self._book.nested.get(call.id)
        if nested is not None and nested.trace is not None:
            story = Story(nested.trace)
            origins = {each.name: self._origins_of(each.files, behind) for each in story.inputs}
            # What it has found is in its seal: by then, it had shown all that it ever showed.
            last = nested.trace.records[-1]
            text = story.passages.read_if(last.findings) if isinstance(last, Seal) else None
            covered = _coverage("" if text is None else text.text)
            shown = {(name, kind): ranges for name, kind, ranges, _ in covered if kind == "shown"}
            read_run(self._book, story, call.id, origins, lambda _: shown)
            return
        differs = nested is not None and nested.standing is Standing.DIFFERS
        why = "is not the recorded one" if differs else "is not here"
        self._book.gaps.append(f"nested run {call.id}: its trace {why}; what it reported to its parent is listed")
        self._read_report(call, behind)

    def _read_report(self, call: EffectRecord, behind: set[str]) -> None:
        text = None if call.child is None else self._story.passages.read_if(call.child.evidence)
        settings = self._story.beginning.settings
        role = None if settings is None else settings.roles.get(NESTED_ROLE)
        controller = role.model if role is not None else "its controller"
        covered = _coverage("" if text is None else text.text)
        if not covered:
            self._book.row(call.id, "nested", "its models and tools", "unknown").of |= behind
        for name, kind, ranges, more in covered:
            destination = controller if kind == "shown" else "its models and tools"
            row = self._book.row(call.id, "controller" if kind == "shown" else "nested", destination, "ranges", name)
            row.ranges += ranges
            row.of |= behind
            if more:
                self._book.gaps.append(f"nested run {call.id}: {more:,} more ranges of {name} were {kind}")

    def _origins_of(self, files: Sequence[SourceFile], behind: set[str]) -> frozenset[str]:
        """The root's inputs behind an input of a nested run: those that its files are of, else all behind its call."""
        placed = [place[0] for file in files if (place := self._book.files.get(file.digest)) is not None]
        return frozenset(placed) if placed and len(placed) == len(files) else frozenset(behind)

    def _row(self, kind: str, destination: str, how: str, input_: str = "", path: str = "") -> Row:
        return self._book.row(self._run, kind, destination, how, input_, path)

    def _roots(self, names: Iterable[str]) -> set[str]:
        """The root's inputs behind inputs of this run."""
        return {root for name in names for root in self._origins.get(name, ())}


def _destination(call: EffectRecord) -> tuple[str, str]:
    match call.effect:
        case "tool":
            return "tool", call.role
        case "approve":
            return "approval", call.role
        case "rlm":
            return "nested", call.id
        case _:
            return "model", call.model


def _coverage(text: str) -> list[tuple[str, str, tuple[Range, ...], int]]:
    """What a nested run reported that it has shown, or sent to models and tools."""
    try:
        covered = read_findings(text).coverage
    except ValueError:
        return []  # a stranger's; that nothing is known is said
    return [(each.input, each.kind, each.ranges, each.more) for each in covered if each.kind in ("shown", "read")]


def _by_document(each: InputStory, ranges: Iterable[Range]) -> Iterator[tuple[str, list[Range]]]:
    """Ranges of an input by its documents. For coverage these lie end to end, in the order of the input.

    Ranges from findings have them in the order of their paths, which for a folder is the same.
    """
    if each.kind != DOCUMENTS:
        # A part of a file has its places from its own beginning, its prompts those of the file.
        first = each.part[0] if each.part is not None else 0
        yield each.files[0].path if each.files else "", [(first + start, first + stop) for start, stop in ranges]
        return
    ends = list(accumulate(file.size for file in each.files))
    inside: dict[int, list[Range]] = {}
    for start, stop in ranges:
        # From the document that the range begins in to the one that it ends in.
        for number in range(bisect_right(ends, start), len(ends)):
            base = ends[number] - each.files[number].size
            if base >= stop:
                break
            inside.setdefault(number, []).append((max(start, base) - base, min(stop, ends[number]) - base))
    for number, placed in inside.items():
        yield each.files[number].path, placed
