"""Do programs end that once filled the memory, or ran for hours, under the default limits?

Sixteen programs, each in a process of its own with the system's limits around it: references to one long text by the
hundred thousand, values that contain themselves twice, sizes of 1, a trillion pairs, brackets ten million deep, hits on
one line that is the file. Each ends in a value or in a fault with a code, which is in the row with its time, from the
first statement to the last, and the memory of the process at its peak, Python and the input included.
Targets: a minute, which all the `search_work` of a run may take; 1.5 GB.
"""

import json
import resource
import subprocess
import sys
import time
from typing import NamedTuple

from benchmarks.measure import (
    GB,
    MB,
    Figure,
    Row,
    Scale,
    bytes_text,
    peak_bytes,
    print_table,
    program,
    scale_of,
    within,
)
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite_kernel import Done, Limits, MemoryBlobs, RunKey, Settings, advance, begin
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_kernel.values.values import Text

SECONDS, PEAK = 60, 1.5 * GB
ADDRESS_SPACE = 4 * GB

_REFERENCES = "refs = map(range(100000), big)\n"
_HITS = 'hits = search(one, "ERROR", limit=2000)\n'

PROGRAMS = {
    "a sample for each of 30,000,000 numbers": "r = range(1000)\nx = map(range(30000000), first(sample(r, .value)))",
    "references: where": _REFERENCES + 'x = where(refs, .value contains "zebra")',
    "references: distinct": _REFERENCES + "x = distinct(refs)",
    "references: sort": _REFERENCES + "x = sort(refs)",
    "references: group": _REFERENCES + "x = group(refs, .value, {n: count(), m: max(.value)})",
    "references: join": _REFERENCES + "x = join(refs, refs, on=.value)",
    "references: to_object": _REFERENCES + "x = to_object(refs, .value, .value)",
    "lists of lists of one list": "x = [1]\n" + "x = [x, x]\n" * 60,
    "chunks of one byte": "x = chunk(big, size=1)",
    "replacements thirty times as long": 'x = replace(big, "e", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeee")',
    "a join of a trillion pairs": "r = map(range(1000000), {k: 1})\nx = join(r, r, on=k, limit=1000000000000)",
    "JSON of empty lists": "x = json_parse(lists)",
    "code of one comparison": 'x = symbols(code, language="python")',
    "hits on one line: count_by": _HITS + "x = count_by(hits, .text)",
    "hits on one line: sort": _HITS + "x = sort(hits, by=text)",
    "hits on one line: distinct": _HITS + "x = distinct(hits)",
}
"""The programs of the security cases, by what they do."""


class Ended(NamedTuple):
    """How a program ended: the codes of its steps, seconds, bytes at the peak."""

    codes: list[str]
    seconds: float
    peak: int


def texts(size: int) -> dict[str, str]:
    """The inputs: a text in lines, one in one line, JSON, code."""
    record = '{"level":"ERROR","id":12345},'
    return {
        "big": "line of the quick brown fox\n" * (size // 28),
        "one": "[" + record * (size * 6 // 10 // len(record)) + "{}]",
        "lists": "[" + "[]," * (size // 3) + "[]]",
        "code": "a" + "<a" * (size // 2),
    }


def child(text: str, size: int) -> None:
    """In a process of its own: run a program, and print how it ended."""
    blobs = MemoryBlobs()
    inputs = {name: _input(content.encode(), blobs) for name, content in texts(size).items() if name in text}
    state = begin(inputs, Settings(limits=Limits()), RunKey(bytes(32))).state
    parsed = program(text)
    started = time.perf_counter()
    done = advance(state, parsed, blobs, parser=CODE_PARSER)
    seconds = time.perf_counter() - started
    assert isinstance(done, Done)
    codes = {entry.record.code for entry in done.entries if isinstance(entry.record, Step)}
    print(json.dumps([sorted(codes - {"", "depends"}), seconds, peak_bytes() or 0]))


def _input(content: bytes, blobs: MemoryBlobs) -> Input:
    return Input(Text(blobs.put(content), 0, len(content)), Source("text"), content)


def run(text: str, size: int) -> Ended:
    """A program in a process of its own. Raises `CalledProcessError` if it does not end by itself."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))

    command = [sys.executable, __file__, "--child", text, str(size)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, preexec_fn=limit)
    return Ended(*json.loads(done.stdout))


def main(scale: Scale) -> None:
    """Print the table."""
    size = scale.pick(20 * MB, 2 * MB, 20_000)
    names = scale.pick(list(PROGRAMS), list(PROGRAMS), ["lists of lists of one list", "hits on one line: sort"])
    rows: list[Row] = []
    for name in names:
        ended = run(PROGRAMS[name], size)
        how = " ".join(ended.codes) or "a value"
        rows.append(Row(f"{name}: {how}", bytes_text(size), "", None, Figure([ended.seconds]), within(SECONDS)))
        peak = Figure([float(ended.peak)], bytes_text)
        rows.append(Row(f"{name}: memory", bytes_text(size), "", None, peak, within(PEAK, bytes_text)))
    print_table("Hostile programs", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        main(scale_of(__doc__))
