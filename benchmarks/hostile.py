"""Does a pattern that hangs other engines end?

Nine patterns on which Python's `re` hangs, over one line of `a`. Ours is a count with a tenth of the work units that a
run has by default; it ends with the text or with the units, and each pattern is counted twice to see that it says the
same. Where it ends is in the row. Anchor: a literal that is not there, over the same bytes.
"""

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.load import mapped
from benchmarks.measure import (
    KB,
    MB,
    Figure,
    Row,
    Scale,
    Target,
    bytes_text,
    growth,
    interleaved,
    print_table,
    scale_of,
)
from rlmlite_kernel.engines.query.query import Matcher, compile_query, literal, regex
from rlmlite_kernel.engines.search.find import SearchCount, count
from rlmlite_kernel.records.settings import Limits

PATTERNS = (
    r"(a+)+$",
    r"(a|aa)+$",
    r"a[^b]*b|a",
    r"(.*a){20}",
    r"(x+x+)+y",
    r"(a*)*b",
    r"(a|a?)+b",
    r"([a-z]+)*x",
    r"(.*)(.*)(.*)(.*)x",
)
WORK = Limits().search_work // 10
ENDS = Target("ends", lambda row: True)


def counted(content: memoryview, matcher: Matcher) -> SearchCount:
    """One count."""
    return count(content, matcher, 0, len(content), WORK)


def said(how: SearchCount, size: int) -> str:
    """Where a count ended, and for how much."""
    where = "the end" if how.scanned_to == size else f"byte {how.scanned_to:,}"
    return f"{how.count:,} matches to {where}, {how.work:,} units"


def main(scale: Scale) -> None:
    """Print the table."""
    sizes = scale.pick((MB, 10 * MB), (100 * KB, MB), (KB, 10 * KB))
    rows, notes = [], []
    absent = compile_query(literal("absent"))
    with tempfile.TemporaryDirectory() as folder:
        for pattern in PATTERNS:
            matcher = compile_query(regex(pattern))
            figures = []
            for size in sizes:
                path = Path(folder) / str(size)
                path.write_bytes(b"a" * size)
                content = mapped(path)
                how = counted(content, matcher)
                base, ours = map(
                    Figure, interleaved(1, partial(counted, content, absent), partial(counted, content, matcher))
                )
                assert counted(content, matcher) == how
                assert how.work <= WORK
                shown = f"/{pattern.replace('|', chr(0xA6))}/: {said(how, size)}"
                rows.append(Row(shown, bytes_text(size), "literal", base, ours, ENDS))
                figures.append((float(size), ours))
            notes.append(growth(f"/{pattern}/ with bytes", *figures))
    print_table("Counting hostile patterns", rows, notes)


if __name__ == "__main__":
    main(scale_of(__doc__))
