"""How fast is ranking by keywords?

Anchor: SQLite's FTS5 alone, contentless, with its `ascii` tokenizer, in memory: one insert a line, `ORDER BY rank`
and the ten best. Ours is the index of all lines, then a query of it for the ten best, then a whole turn
(`best = rank(...)`) with its receipt when the index is there. Both find the same lines with the same scores, which is
checked. Targets: 1.1 x FTS5 to build, 1.1 x to query.
"""

import math
import sqlite3
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import (
    Figure,
    Row,
    Scale,
    begun,
    bytes_text,
    done_turn,
    growth,
    interleaved,
    print_table,
    program,
    ratio_within,
    scale_of,
)
from rlmlite_kernel import advance
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.bytes.words import query_hashes, query_words
from rlmlite_kernel.engines.ranking.bm25 import rank_units
from rlmlite_kernel.engines.ranking.postings import WordIndex, build_index
from rlmlite_kernel.values.values import Rows

QUERIES = ("checksum mismatch", "timeout denied", "password for greta", "info")
"""A few lines, a tenth of them, most of them, all of them."""

BEST = 10

_LINE = 123  # bytes of a line, on average


class Subject:
    """The lines of one log, as each side takes them."""

    def __init__(self, path: Path) -> None:
        self.path, self.content = path, path.read_bytes()
        self.lines = self.content.decode().splitlines()
        self.spans = LineIndex(self.content).spans(1, len(self.lines) + 1)
        self.database = self.fts5()
        self.index = self.ours()

    def fts5(self) -> sqlite3.Connection:
        """The anchor's index."""
        database = sqlite3.connect(":memory:")
        database.execute("create virtual table words using fts5(line, content='', tokenize='ascii')")
        database.executemany("insert into words(rowid, line) values(?, ?)", enumerate(self.lines))
        database.commit()
        return database

    def ours(self) -> WordIndex:
        """Our index."""
        return build_index(self.content, *self.spans)

    def anchor(self, query: str) -> list[tuple[int, int]]:
        """What FTS5 finds: scores as `rank` gives them, and line numbers from 0."""
        found = self.database.execute(
            "select rank, rowid from words where words match ? order by rank limit ?",
            (" OR ".join(f'"{word}"' for word in query_words(query)), BEST),
        )
        return [(math.floor(-score * 1e6), line) for score, line in found]

    def query(self, query: str) -> list[tuple[int, int]]:
        """What we find."""
        best = rank_units(self.index, query_hashes(query_words(query)), BEST)
        return list(zip(best.scores.tolist(), best.units.tolist(), strict=True))


def main(scale: Scale) -> None:
    """Print the table."""
    counts = scale.pick((100_000, 1_000_000), (10_000, 100_000), (100, 1_000))
    times = scale.pick((5, 3), (3, 3), (1, 1))
    rows: list[Row] = []
    builds: list[tuple[float, Figure]] = []
    notes: list[str] = []
    for count, often in zip(counts, times, strict=True):
        subject = Subject(log_file(count * _LINE))
        size = f"{len(subject.lines):,} lines"
        anchor, ours = (Figure(seconds) for seconds in interleaved(often, subject.fts5, subject.ours))
        rows.append(Row("build", size, "FTS5", anchor, ours, ratio_within(1.1)))
        builds.append((float(count), ours))
        rows.extend(_query(subject, query, size, often * 3) for query in QUERIES)
        rows.append(_turn(subject, size, often * 3))
        notes.append(
            f"{size}: {bytes_text(len(subject.content))} of text, index {bytes_text(subject.index.size)}, "
            f"FTS5 {bytes_text(_pages(subject.database))}"
        )
        subject.database.close()
    print_table("Ranking lines by keywords", rows, [*notes, growth("building with lines", *builds)])


def _query(subject: Subject, query: str, size: str, often: int) -> Row:
    anchor, ours = interleaved(often, lambda: subject.anchor(query), lambda: subject.query(query))
    assert {score for score, _ in subject.anchor(query)} == {score for score, _ in subject.query(query)}, query
    return Row(f'query "{query}"', size, "FTS5", Figure(anchor), Figure(ours), ratio_within(1.1))


def _turn(subject: Subject, size: str, often: int) -> Row:
    done, blobs = begun(subject.path)
    parsed = program(f'best = rank(logs, "{QUERIES[1]}", limit={BEST})\n')
    anchor, ours = interleaved(often, lambda: subject.anchor(QUERIES[1]), lambda: advance(done.state, parsed, blobs))
    best = done_turn(advance(done.state, parsed, blobs)).state.variables["best"].data.value
    assert isinstance(best, Rows)
    return Row(f'turn "{QUERIES[1]}"', size, "FTS5 query", Figure(anchor), Figure(ours))


def _pages(database: sqlite3.Connection) -> int:
    size: int = database.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()[0]
    return size


if __name__ == "__main__":
    main(scale_of(__doc__))
